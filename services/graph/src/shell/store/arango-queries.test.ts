import { readFileSync } from 'node:fs';
import { Database } from 'arangojs/databases';
import { expect, test } from 'vitest';
import { collections } from '../../core/changes.ts';
import { everyQuery } from './arango-queries-sample.ts';
import { ownCollections } from './arango-schema.ts';

const known: ReadonlySet<string> = new Set([...collections, ...Object.values(ownCollections)]);
const idOf = (query: string): string | undefined => /^\/\* (\S+) \*\//.exec(query)?.[1];
const queries = everyQuery((name) => new Database('http://127.0.0.1:1').collection(name)).map(
  ({ query, bindVars }) => ({
    id: idOf(query),
    query,
    bindVars,
  }),
);
const source = readFileSync(new URL('./arango-queries.ts', import.meta.url), 'utf8');

test('the sample holds every query of the file, each under a name of its own', () => {
  const named = [...source.matchAll(/aql`\/\* (msx\.[\w-]+) \*\//g)].map(([, name]) => name as string);
  const sampled = queries.map(({ id }) => id);
  expect(named.length).toBeGreaterThan(10);
  expect(new Set(named).size).toBe(named.length);
  expect(new Set(sampled)).toEqual(new Set(named));
});

test.each(queries)('$id has every bind variable it names, and no other', ({ query, bindVars }) => {
  const text = query.replaceAll(/\/\*.*?\*\//g, '').replaceAll(/"[^"]*"/g, '""');
  const used = [...text.matchAll(/@(@?\w+)/g)].map(([, name]) => name as string);
  expect(new Set(used)).toEqual(new Set(Object.keys(bindVars)));
  for (const value of Object.values(bindVars)) expect(value).not.toBeUndefined();
});

test.each(queries)(
  '$id names collections that a migration makes, through bind variables only',
  ({ query, bindVars }) => {
    for (const [name, value] of Object.entries(bindVars)) if (name.startsWith('@')) expect(known).toContain(value);
    const text = query.replaceAll(/\/\*.*?\*\//g, '');
    for (const name of known) expect(text).not.toMatch(new RegExp(`\\b(?:IN|INTO)\\s+${name}\\b`));
  },
);

test.each(queries)('$id avoids what newer servers refuse', ({ query }) => {
  const reserved = /\b(?:bfs|MATCH|SCAN|FOLD|WHILE|UNTIL|overwrite\s*:)/;
  expect(query.replaceAll(/\/\*.*?\*\//g, '')).not.toMatch(reserved);
  expect(query.split(/\b(?:INSERT|UPDATE|REPLACE|REMOVE)\b/).length).toBeLessThanOrEqual(2);
});

test('no AQL stands anywhere else, and none is put together from text', () => {
  const files = ['connection', 'errors', 'key', 'retry', 'schema', 'sequencer', 'store', 'transaction', 'writes'];
  for (const file of files) {
    const text = readFileSync(new URL(`./arango-${file}.ts`, import.meta.url), 'utf8');
    expect(text, file).not.toMatch(/\baql[`(]|\bliteral\(|\bjoin\(aql/);
    expect(text.match(/\.query\b(?!<T>\(query)/g) ?? [], file).toEqual([]);
  }
  expect(source).not.toMatch(/\bliteral\(|aql\(|['"`]\s*\+|\+\s*['"`]/);
});
