import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Edge, SparseRows } from './sparse-rows.ts';

const chain = (length: number): { names: string[]; edges: Edge[] } => {
  const names = Array.from({ length }, (_, index) => `n${String(index).padStart(6, '0')}`);
  return { names, edges: names.slice(1).map((name, index): Edge => [names[index] as string, name]) };
};

const graphs = fc.integer({ min: 1, max: 9 }).chain((size) => {
  const names = Array.from({ length: size }, (_, index) => `n${index}`);
  const name = fc.constantFrom(...names);
  return fc.record({
    names: fc.constant(names),
    edges: fc.array(fc.tuple(name, name), { maxLength: 24 }),
    start: name,
    hops: fc.integer({ min: 0, max: 4 }),
  });
});

const id = (rows: SparseRows, name: string): number => rows.idOf(name) as number;

describe('SparseRows', () => {
  test('numbers names in their order, and rows are sorted without repeats', () => {
    const edges: Edge[] = [
      ['b', 'c'],
      ['b', 'a'],
      ['b', 'c'],
      ['c', 'c'],
      ['b', 'stranger'],
    ];
    const rows = SparseRows.fromEdges(['c', 'b', 'a', 'b'], edges);

    expect(rows.names).toEqual(['a', 'b', 'c']);
    expect([...rows.targetsOf(id(rows, 'b'))]).toEqual([0, 2]);
    expect([...rows.sourcesOf(id(rows, 'c'))]).toEqual([1, 2]);
    expect([...rows.targetsOf(id(rows, 'a'))]).toEqual([]);
    expect(rows.idOf('stranger')).toBeUndefined();
  });

  test('an empty graph answers everything with nothing', () => {
    const rows = SparseRows.fromEdges([], []);

    expect(rows.reach([], { along: 'targets' }).ids).toHaveLength(0);
    expect(rows.components().count).toBe(0);
    expect(rows.generations()).toHaveLength(0);
  });

  test('reach() stops at its bound, and of two ways back names the first by name', () => {
    const edges: Edge[] = [
      ['top', 'left'],
      ['top', 'right'],
      ['left', 'low'],
      ['right', 'low'],
      ['low', 'lowest'],
    ];
    const rows = SparseRows.fromEdges(['top', 'left', 'right', 'low', 'lowest'], edges);
    const found = rows.reach([id(rows, 'top')], { along: 'targets', hops: 2 });
    const at = [...found.ids].indexOf(id(rows, 'low'));

    expect([...found.ids].map((each) => rows.names[each])).toEqual(['top', 'left', 'right', 'low']);
    expect(found.hops[at]).toBe(2);
    expect(rows.names[found.before[at] as number]).toBe('left');
  });

  test('a chain of 100,000 overflows no stack', () => {
    const { names, edges } = chain(100_000);
    const rows = SparseRows.fromEdges(names, edges);

    expect(rows.components().count).toBe(100_000);
    expect(rows.generations()[0]).toBe(99_999);
    expect(rows.reach([0], { along: 'targets' }).ids).toHaveLength(100_000);
  });

  test('reach() finds what repeated single steps find, in as many hops, and again in a second search', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.constantFrom('targets' as const, 'sources' as const),
        ({ names, edges, start, hops }, along) => {
          const rows = SparseRows.fromEdges(names, edges);
          const search = () => {
            const found = rows.reach([id(rows, start)], { along, hops });
            return [...found.ids].map((each, index) => [rows.names[each], found.hops[index]]);
          };

          expect(new Map(search() as [string, number][])).toEqual(stepwise(edges, start, along, hops));
          expect(search()).toEqual(search());
        },
      ),
      { numRuns: 300 },
    );
  });

  test('components() puts together what reaches each other, dependencies first', () => {
    fc.assert(
      fc.property(graphs, ({ names, edges }) => {
        const { of } = SparseRows.fromEdges(names, edges).components();
        const reaches = new Map(names.map((name) => [name, stepwise(edges, name, 'targets', 99)]));
        for (const [from, a] of names.entries()) {
          for (const [to, b] of names.entries()) {
            const mutual = reaches.get(a)?.has(b) && reaches.get(b)?.has(a);
            expect(of[from] === of[to]).toBe(mutual);
            if (!mutual && reaches.get(a)?.has(b)) expect(of[from]).toBeGreaterThan(of[to] as number);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('generations() are the longest way down, where a cycle counts as one', () => {
    fc.assert(
      fc.property(graphs, ({ names, edges }) => {
        const rows = SparseRows.fromEdges(names, edges);
        const { of } = rows.components();
        const generation = rows.generations();
        names.forEach((_, own) => {
          const members = names.flatMap((__, other) => (of[other] === of[own] ? [other] : []));
          const below = members
            .flatMap((member) => [...rows.targetsOf(member)])
            .filter((target) => of[target] !== of[own])
            .map((target) => generation[target] as number);
          expect(generation[own]).toBe(below.length === 0 ? 0 : Math.max(...below) + 1);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('no answer depends on the order in which names and edges are given', () => {
    fc.assert(
      fc.property(graphs, ({ names, edges, start }) => {
        const answers = (rows: SparseRows) => [
          rows.names,
          rows.reach([id(rows, start)], { along: 'sources' }).before,
          rows.components(),
          rows.generations(),
        ];
        const backwards = SparseRows.fromEdges([...names].reverse(), [...edges, ...edges].reverse());
        expect(answers(backwards)).toEqual(answers(SparseRows.fromEdges(names, edges)));
      }),
      { numRuns: 300 },
    );
  });
});

/** The oracle: hop by hop over the plain list of edges. */
function stepwise(
  edges: readonly Edge[],
  start: string,
  along: 'targets' | 'sources',
  hops: number,
): Map<string, number> {
  const found = new Map([[start, 0]]);
  for (let hop = 1; hop <= hops; hop++) {
    for (const [from, to] of edges) {
      const [here, there] = along === 'targets' ? [from, to] : [to, from];
      if (found.get(here) === hop - 1 && !found.has(there)) found.set(there, hop);
    }
  }
  return found;
}
