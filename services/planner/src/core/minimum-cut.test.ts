import { seededRandom } from '@microstax/testkit/random';
import { describe, expect, test } from 'vitest';
import { minimumCut, type Network, sink, source } from './minimum-cut.ts';

type Arc = readonly [tail: number, head: number, capacity: number];

function network(nodes: number, arcs: readonly Arc[]): Network {
  return {
    nodes,
    arcs: arcs.length,
    tails: Int32Array.from(arcs, ([tail]) => tail),
    heads: Int32Array.from(arcs, ([, head]) => head),
    capacities: Float64Array.from(arcs, ([, , capacity]) => capacity),
  };
}

/** By trying every set: the least value, and the smallest set that has it. */
function naiveCut(nodes: number, arcs: readonly Arc[]): { value: number; side: number } {
  let best = { value: Number.POSITIVE_INFINITY, side: -1, size: 0 };
  for (let side = 0; side < 2 ** nodes; side += 1) {
    const has = (node: number): boolean => ((side >> node) & 1) === 1;
    if (!has(source) || has(sink)) continue;
    const value = arcs.reduce((sum, [tail, head, capacity]) => sum + (has(tail) && !has(head) ? capacity : 0), 0);
    const size = side.toString(2).replaceAll('0', '').length;
    if (value < best.value || (value === best.value && size < best.size)) best = { value, side, size };
  }
  return best;
}

describe('minimumCut()', () => {
  test('finds the least value and the smallest side of every small network', () => {
    const random = seededRandom(53);
    for (let run = 0; run < 3_000; run += 1) {
      const nodes = random.integer(2, 9);
      const arcs = Array.from({ length: random.integer(0, 24) }, (): Arc => {
        const endless = random.next() < 0.2;
        return [random.integer(0, nodes - 1), random.integer(0, nodes - 1), endless ? Infinity : random.integer(0, 6)];
      });
      const naive = naiveCut(nodes, arcs);
      if (naive.value === Infinity) {
        expect(() => minimumCut(network(nodes, arcs))).toThrow('its sink follows from its source');
        continue;
      }
      const { value, sourceSide } = minimumCut(network(nodes, arcs));
      const side = sourceSide.reduce((sum, bit, node) => sum + bit * 2 ** node, 0);
      expect({ value, side }).toEqual({ value: naive.value, side: naive.side });
    }
  });

  test('cuts nothing where the sink is not reached, and leaves what the source does not reach', () => {
    expect(
      minimumCut(
        network(4, [
          [source, 2, 5],
          [3, sink, 5],
        ]),
      ),
    ).toEqual({
      value: 0,
      sourceSide: Uint8Array.from([1, 0, 1, 0]),
    });
  });

  test('follows a chain of a hundred thousand without recursion', () => {
    const count = 100_000;
    const chain = Array.from({ length: count }, (_, at): Arc => [at === 0 ? source : at + 1, at + 2, count - at]);
    const { value, sourceSide } = minimumCut(network(count + 2, [...chain, [count + 1, sink, 7]]));
    expect(value).toBe(1);
    expect(sourceSide.reduce((sum, bit) => sum + bit, 0)).toBe(count);
  });
});
