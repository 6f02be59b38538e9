/** Items grouped by a row number, in their own order: a compressed sparse row. */
export type Rows = { readonly starts: Int32Array; readonly items: Int32Array };

/** Groups `count` items, each by the row that it belongs to. Linear. */
export function rowsOf(rows: number, count: number, rowOf: (item: number) => number): Rows {
  const starts = new Int32Array(rows + 1);
  for (let item = 0; item < count; item += 1) {
    const at = rowOf(item) + 1;
    starts[at] = (starts[at] as number) + 1;
  }
  for (let row = 0; row < rows; row += 1) starts[row + 1] = (starts[row + 1] as number) + (starts[row] as number);
  const next = starts.slice(0, rows);
  const items = new Int32Array(count);
  for (let item = 0; item < count; item += 1) {
    const row = rowOf(item);
    const at = next[row] as number;
    items[at] = item;
    next[row] = at + 1;
  }
  return { starts, items };
}

/** The items of one row. */
export function inRows({ starts, items }: Rows, row: number): Int32Array {
  return items.subarray(starts[row], starts[row + 1]);
}
