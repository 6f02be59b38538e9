/** For every id a row of ids: row `id` is `ids` from `offsets[id]` up to `offsets[id + 1]`, ascending, none twice. */
export type AdjacentRows = { readonly offsets: Int32Array; readonly ids: Int32Array };

/** Edges as two parallel columns. */
export type Pairs = { readonly from: Int32Array; readonly to: Int32Array };

/** Rows of any edges, in time that grows with their number alone: sorted by counting, first by `to`, then by `from`. */
export function rowsOfPairs(pairs: Pairs, size: number): AdjacentRows {
  const sorted = countedBy('from', countedBy('to', pairs, size), size);
  const offsets = new Int32Array(size + 1);
  const ids = new Int32Array(sorted.to.length);
  let kept = 0;
  let from = 0;
  for (let index = 0; index < sorted.to.length; index++) {
    const id = sorted.from[index] as number;
    while (from < id) offsets[++from] = kept;
    const to = sorted.to[index] as number;
    if (kept > (offsets[id] as number) && ids[kept - 1] === to) continue;
    ids[kept++] = to;
  }
  while (from < size) offsets[++from] = kept;
  return { offsets, ids: ids.subarray(0, kept) };
}

function countedBy(column: keyof Pairs, pairs: Pairs, size: number): Pairs {
  const keys = pairs[column];
  const next = new Int32Array(size + 1);
  for (const key of keys) next[key + 1] = (next[key + 1] as number) + 1;
  for (let id = 0; id < size; id++) next[id + 1] = (next[id + 1] as number) + (next[id] as number);
  const from = new Int32Array(keys.length);
  const to = new Int32Array(keys.length);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as number;
    const slot = next[key] as number;
    next[key] = slot + 1;
    from[slot] = pairs.from[index] as number;
    to[slot] = pairs.to[index] as number;
  }
  return { from, to };
}

/** The same edges from their other end. */
export function turned({ offsets, ids }: AdjacentRows, size: number): AdjacentRows {
  const ends = new Int32Array(size + 1);
  for (const id of ids) ends[id + 1] = (ends[id + 1] as number) + 1;
  for (let id = 0; id < size; id++) ends[id + 1] = (ends[id + 1] as number) + (ends[id] as number);
  const next = ends.slice();
  const sources = new Int32Array(ids.length);
  for (let id = 0; id < size; id++) {
    const end = offsets[id + 1] as number;
    for (let slot = offsets[id] as number; slot < end; slot++) {
      const target = ids[slot] as number;
      const at = next[target] as number;
      next[target] = at + 1;
      sources[at] = id;
    }
  }
  return { offsets: ends, ids: sources };
}

export function rowAt({ offsets, ids }: AdjacentRows, id: number): Int32Array {
  return ids.subarray(offsets[id], offsets[id + 1]);
}
