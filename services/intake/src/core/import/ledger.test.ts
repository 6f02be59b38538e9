import { expect, test } from 'vitest';
import type { Located, LocatedMap } from '../located.ts';
import { Complaints } from './complaints.ts';
import { Ledger } from './ledger.ts';
import { child } from './nodes.ts';
import { readTrees } from './read-tree.ts';
import { Sources } from './sources.ts';

const otherwise = 'nobody asked';

function treeOf(text: string): LocatedMap {
  const [tree] = readTrees({ path: 'a.yaml', text }, new Sources(), new Complaints());
  if (tree?.kind !== 'map') throw new Error('expected a map');
  return tree;
}

function at(node: Located, ...path: readonly string[]): Located | undefined {
  return path.reduce<Located | undefined>(child, node);
}

test('what nobody marked is listed at the highest place of which nothing was carried', () => {
  const tree = treeOf('a: { b: 1, c: { d: 2, e: 3 } }\nf: [4, 5]\n');
  const ledger = new Ledger();
  ledger.carry(at(tree, 'a', 'b'));
  const account = ledger.account(tree, '', { otherwise });
  expect(account.listed.map(({ path, reason }) => `${path} ${reason}`)).toEqual([`a.c ${otherwise}`, `f ${otherwise}`]);
  expect(account).toMatchObject({ read: 3, carried: 1, valuesRead: 5, valuesCarried: 1 });
});

test('a node that is carried has all of its values carried but those that were dropped inside of it', () => {
  const tree = treeOf('a: { b: 1, c: [2, 3] }\n');
  const ledger = new Ledger();
  ledger.carry(tree);
  ledger.drop(at(tree, 'a', 'b'), 'because');
  expect(ledger.account(tree, 'x', { otherwise })).toMatchObject({
    listed: [{ path: 'x.a.b', reason: 'because' }],
    read: 3,
    carried: 2,
  });
});

test('a node that is dropped takes along what was carried inside of it, unless only its rest is dropped', () => {
  const tree = treeOf('a: { b: 1, c: 2 }\nd: { e: 3, f: 4 }\n');
  const ledger = new Ledger();
  ledger.carry(at(tree, 'a', 'b'), at(tree, 'd', 'e'));
  ledger.drop(at(tree, 'a'), 'whole');
  ledger.dropRest(at(tree, 'd'), 'rest');
  const account = ledger.account(tree, '', { otherwise });
  expect(account.listed.map(({ path, reason }) => `${path} ${reason}`)).toEqual(['a whole', 'd.f rest']);
  expect(account).toMatchObject({ read: 3, carried: 1 });
});
