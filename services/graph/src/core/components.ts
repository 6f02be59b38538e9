import { type AdjacentRows, rowAt } from './adjacent-rows.ts';

/** Component numbers by id: what a component depends on has a smaller number. */
export type Components = { readonly count: number; readonly of: Int32Array };

/** Strongly connected components, by Tarjan without recursion: a deep chain must not overflow the stack. */
export function componentsOf({ offsets, ids }: AdjacentRows, size: number): Components {
  const of = new Int32Array(size).fill(-1);
  const order = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const slots = new Int32Array(size);
  const open: number[] = [];
  const path: number[] = [];
  let seen = 0;
  let count = 0;
  const enter = (id: number): void => {
    order[id] = seen;
    low[id] = seen++;
    slots[id] = at(offsets, id);
    open.push(id);
    path.push(id);
  };
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue;
    enter(root);
    for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
      const slot = at(slots, id);
      if (slot < at(offsets, id + 1)) {
        slots[id] = slot + 1;
        const target = at(ids, slot);
        if (order[target] === -1) enter(target);
        else if (of[target] === -1) low[id] = Math.min(at(low, id), at(order, target));
        continue;
      }
      path.pop();
      const caller = path.at(-1);
      if (caller !== undefined) low[caller] = Math.min(at(low, caller), at(low, id));
      if (low[id] !== order[id]) continue;
      let member: number | undefined;
      do {
        member = open.pop() as number;
        of[member] = count;
      } while (member !== id);
      count++;
    }
  }
  return { count, of };
}

/** Topological generations by id, the members of a component sharing one. */
export function generationsOf(targets: AdjacentRows, { count, of }: Components): Int32Array {
  const byComponent = Int32Array.from(of.keys()).sort((a, b) => at(of, a) - at(of, b) || a - b);
  const generation = new Int32Array(count);
  for (const id of byComponent) {
    const own = at(of, id);
    for (const target of rowAt(targets, id)) {
      const other = at(of, target);
      if (other !== own) generation[own] = Math.max(at(generation, own), at(generation, other) + 1);
    }
  }
  return of.map((component) => at(generation, component));
}

/** Positions here are ids and offsets of the rows: always in range. */
function at(numbers: Int32Array, index: number): number {
  return numbers[index] as number;
}
