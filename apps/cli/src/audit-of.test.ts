import { expect, test } from 'vitest';
import { auditOf } from './audit-of.ts';

const entries = ['shop@1', 'feat', 'feat@1', 'shop', 'feat@2', 'feat', null].map((subject) => ({ subject }));
const subjects = (env?: string, at?: number) => auditOf(entries, env, at).map(({ subject }) => subject);

test('auditOf() keeps what is about one environment', () => {
  expect(subjects()).toHaveLength(7);
  expect(subjects('feat')).toEqual(['feat', 'feat@1', 'feat@2', 'feat']);
  expect(subjects('nope')).toEqual([]);
});

test('auditOf() ends where an environment had a later generation', () => {
  expect(subjects('feat', 1)).toEqual(['feat', 'feat@1']);
  expect(subjects(undefined, 1)).toEqual(['shop@1', 'feat', 'feat@1', 'shop', null]);
});
