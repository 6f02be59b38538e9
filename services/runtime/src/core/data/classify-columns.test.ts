import { expect, test } from 'vitest';
import { type Column, classifyColumns, sanitisedWords } from './classify-columns.ts';

const column = (path: string, more: Partial<Column> = {}): Column => {
  const [schema = '', table = '', name = ''] = path.split('.');
  return { schema, table, column: name, shape: { kind: 'text' }, required: false, ...more };
};
const columns = [
  column('public.users.id', { shape: { kind: 'integer' } }),
  column('public.users.email'),
  column('audit.users.email'),
];
const reasonOf = (...words: Parameters<typeof classifyColumns>) => {
  const classified = classifyColumns(...words);
  return classified.kind === 'refused' ? classified.reason : undefined;
};

test('every column has the way that its rule says, one with a schema before one without', () => {
  const sanitise = { 'users.id': 'keep', 'users.email': 'fake', 'audit.users.email': 'nullify' } as const;
  expect(classifyColumns(columns, { sanitise }, true)).toEqual({
    kind: 'classified',
    ways: ['keep', 'fake', 'nullify'],
  });
});

test('a column without a rule is refused by name, unless that is allowed', () => {
  const sanitise = { 'users.email': 'fake' } as const;
  expect(reasonOf(columns, { sanitise }, true)).toBe(
    'users.id is not classified; name it under snapshot.sanitise (keep, mask, hash, fake, redact, nullify), or say unclassified: allow there',
  );
  expect(classifyColumns(columns, { sanitise, unclassified: 'allow' }, true)).toMatchObject({
    ways: ['keep', 'fake', 'fake'],
  });
});

test('many columns without a rule are counted, not listed', () => {
  const many = Array.from({ length: 9 }, (_, index) => column(`public.t.c${index}`));
  expect(reasonOf(many, { sanitise: {} }, true)).toMatch(
    /^t\.c0, t\.c1, t\.c2, t\.c3, t\.c4, and 4 more are not classified/,
  );
});

test('a rule about a column that its table does not have is a slip, also where the rest is allowed', () => {
  const rules = { sanitise: { 'users.emial': 'fake' }, unclassified: 'allow' } as const;
  expect(reasonOf(columns, rules, false)).toBe('snapshot.sanitise names users.emial, and there is no such column');
});

test('a rule about a table of another service is none of this one, unless there is no other', () => {
  const rules = { sanitise: { 'orders.note': 'redact' }, unclassified: 'allow' } as const;
  expect(classifyColumns(columns, rules, false).kind).toBe('classified');
  expect(reasonOf(columns, rules, true)).toBe('snapshot.sanitise names orders.note, and there is no such table');
});

test('a way that the type of a column does not allow is refused', () => {
  const sanitise = { 'users.id': 'mask', 'users.email': 'keep' } as const;
  expect(reasonOf(columns, { sanitise }, true)).toMatch(/^Cannot mask users\.id: /);
});

test('sanitisedWords() counts columns and tables that are changed', () => {
  expect(sanitisedWords(columns, ['keep', 'fake', 'mask'])).toBe('2 columns of 2 tables sanitised');
  expect(sanitisedWords(columns, ['keep', 'fake', 'keep'])).toBe('1 column of 1 table sanitised');
});
