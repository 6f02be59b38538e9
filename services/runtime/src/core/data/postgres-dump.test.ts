import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DumpScanner, sanitiseRow, UnreadableDump } from './postgres-dump.ts';

const keyed = () => 'ab'.repeat(32);
const dump = String.raw`SET search_path = '';
CREATE TABLE public.users (
    id integer NOT NULL,
    email character varying(12) DEFAULT 'none'::character varying NOT NULL,
    "Odd, (name)" text,
    tags text[],
    CONSTRAINT users_check CHECK ((id > 0))
);
CREATE TABLE public."Empty ""one""" (
    token uuid
);
CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $$SELECT 1$$;
COPY public.users (id, email, "Odd, (name)", tags) FROM stdin;
1	ada@x.org	a\tb	{x}
2	\N	\\	\N
\.
COPY public."Empty ""one""" (token) FROM stdin;
\.
SELECT pg_catalog.setval('public.s', 2, true);`.split('\n');

function scan(lines: readonly string[]) {
  const scanner = new DumpScanner();
  return { scanner, kinds: lines.map((line) => scanner.next(line).kind) };
}

test('DumpScanner knows rows, and of which columns and types they are', () => {
  const { scanner, kinds } = scan(dump);
  expect(kinds.filter((kind) => kind === 'row')).toHaveLength(2);
  expect(scanner.columns).toEqual([
    { schema: 'public', table: 'users', column: 'id', shape: { kind: 'integer' }, required: true },
    { schema: 'public', table: 'users', column: 'email', shape: { kind: 'text', charsMax: 12 }, required: true },
    { schema: 'public', table: 'users', column: 'Odd, (name)', shape: { kind: 'text' }, required: false },
    { schema: 'public', table: 'users', column: 'tags', shape: { kind: 'other' }, required: false },
    { schema: 'public', table: 'Empty "one"', column: 'token', shape: { kind: 'uuid' }, required: false },
  ]);
  expect(scanner.hasLargeObjects).toBe(false);
});

test('DumpScanner sees large objects, whose bytes stand in no column', () => {
  expect(scan(["SELECT pg_catalog.lo_create('16400');"]).scanner.hasLargeObjects).toBe(true);
});

test('sanitiseRow() changes what its way says, keeps nothing as nothing and every escape as it was', () => {
  const { scanner } = scan(dump);
  const ways = ['keep', 'redact', 'mask', 'keep', 'hash'] as const;
  const sanitised = (row: string) => sanitiseRow(row, { at: 0, count: 4 }, { columns: scanner.columns, ways, keyed });
  expect(sanitised(String.raw`1	ada@x.org	a\tb	{x}`)).toBe(String.raw`1	[redacted]	a\t*	{x}`);
  expect(sanitised(String.raw`2	\N	\\	\N`)).toBe(String.raw`2	\N	\\	\N`);
});

test('sanitiseRow() refuses a row that is not one of its columns', () => {
  const { scanner } = scan(dump);
  const about = { columns: scanner.columns, ways: ['keep', 'keep', 'keep', 'keep', 'keep'] as const, keyed };
  expect(() => sanitiseRow('1\tx', { at: 0, count: 4 }, about)).toThrow(UnreadableDump);
  expect(() => sanitiseRow('1\tx\ty\tz', { at: 9, count: 4 }, about)).toThrow(UnreadableDump);
});

test('any text that a row may hold comes out of masking one field long, and never in clear', () => {
  const columns = scan(dump).scanner.columns.slice(2, 3);
  const escaped = (text: string) =>
    text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      const row = sanitiseRow(escaped(text), { at: 0, count: 1 }, { columns, ways: ['hash'], keyed });
      expect(row).toBe('ab'.repeat(16));
      const kept = sanitiseRow(escaped(text), { at: 0, count: 1 }, { columns, ways: ['mask'], keyed });
      expect(kept.split('\t')).toHaveLength(1);
      expect(kept.includes('\n')).toBe(false);
    }),
  );
});
