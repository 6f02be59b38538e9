import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startOrder } from './start-order.ts';

describe('startOrder()', () => {
  test('puts a service after what it requires', () => {
    const order = startOrder(
      new Map([
        [0, [1, 2]],
        [1, [2]],
        [2, []],
      ]),
    );
    expect(order).toEqual([
      { members: [2], after: [] },
      { members: [1], after: [2] },
      { members: [0], after: [1, 2] },
    ]);
  });

  test('groups exactly the services that require each other, and starts groups after what they require', () => {
    const graphs = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 3 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(graphs, (lists): void => {
        const requires = new Map(lists.map((list, at) => [at, list]));
        const reach = lists.map((_, at) => reachableFrom(at, lists));
        const groups = startOrder(requires);
        expect(groups.flatMap(({ members }) => members).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        const started = new Set<number>();
        for (const { members, after } of groups) {
          expect(after.every((node) => started.has(node))).toBe(true);
          for (const node of members) started.add(node);
          const [first = 0] = members;
          const together = lists
            .map((_, at) => at)
            .filter((at) => at === first || (reach[at]?.has(first) && reach[first]?.has(at)));
          expect(members).toEqual(together);
        }
      }),
    );
  });

  test('follows a chain of a hundred thousand without recursion', { timeout: 60_000 }, () => {
    const count = 100_000;
    const requires = new Map(Array.from({ length: count }, (_, at) => [at, at + 1 < count ? [at + 1] : []]));
    expect(startOrder(requires)[0]).toEqual({ members: [count - 1], after: [] });
  });
});

function reachableFrom(start: number, lists: readonly (readonly number[])[]): ReadonlySet<number> {
  const reached = new Set<number>();
  const open = [...(lists[start] ?? [])];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    open.push(...(lists[node] ?? []));
  }
  return reached;
}
