/** Items grouped by a row number, in their own order: a compressed sparse row. `items` of a row lie between its starts. */
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

/** Arcs by their tail: the heads of a node lie between its starts; `items` are the arcs in the order of adding. */
export type Arcs = Rows & { readonly heads: Int32Array };

/** Collects arcs of which there are at most so many, then groups them by tail. */
export class ArcCollector {
  readonly #tails: Int32Array;
  readonly #heads: Int32Array;
  readonly #labels: Int32Array;
  #count = 0;

  constructor(arcsMax: number) {
    this.#tails = new Int32Array(arcsMax);
    this.#heads = new Int32Array(arcsMax);
    this.#labels = new Int32Array(arcsMax);
  }

  add(tail: number, head: number, label = 0): void {
    this.#tails[this.#count] = tail;
    this.#heads[this.#count] = head;
    this.#labels[this.#count] = label;
    this.#count += 1;
  }

  /** The arcs by tail, with the label of each beside it. */
  byTail(nodes: number): Arcs & { readonly labels: Int32Array } {
    const [tails, count] = [this.#tails, this.#count];
    const { starts, items } = rowsOf(nodes, count, (arc) => tails[arc] as number);
    const heads = new Int32Array(count);
    const labels = new Int32Array(count);
    for (let at = 0; at < count; at += 1) {
      heads[at] = this.#heads[items[at] as number] as number;
      labels[at] = this.#labels[items[at] as number] as number;
    }
    return { starts, items, heads, labels };
  }
}
