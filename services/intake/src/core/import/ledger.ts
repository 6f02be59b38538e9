import type { Located } from '../located.ts';

export type Listed = {
  readonly path: string;
  readonly at: number;
  readonly reason: string;
  readonly service?: string;
};
export type Account = {
  readonly listed: readonly Listed[];
  /** `read = carried + listed`: values, and whole sections of which nothing was carried. */
  readonly read: number;
  readonly carried: number;
  readonly valuesRead: number;
  readonly valuesCarried: number;
};

/**
 * What of the text was carried over. Whoever converts marks nodes; the account walks the whole tree and lists whatever
 * nobody marked, so nothing is lost in silence.
 */
export class Ledger {
  readonly #carried = new Set<Located>();
  readonly #dropped = new Map<Located, string>();

  /** The node and everything in it is in the Blueprint, or is so without a word (a restart policy of `always`). */
  carry(...nodes: readonly (Located | undefined)[]): void {
    for (const node of nodes) if (node !== undefined) this.#carried.add(node);
  }

  /** The node is not carried, because. Wins over `carry`; what is carried inside of it stays carried. */
  drop(node: Located | undefined, reason: string): void {
    if (node !== undefined) this.#dropped.set(node, reason);
  }

  /** Of one tree. `otherwise` is said of what nobody marked. */
  account(tree: Located, path: string, about: { readonly service?: string; readonly otherwise: string }): Account {
    const listed: Listed[] = [];
    const sum = { read: 0, carried: 0, valuesRead: 0, valuesCarried: 0 };
    const service = about.service === undefined ? {} : { service: about.service };
    for (const { node, at, path: where, reason } of this.#parts({ node: tree, at: tree.at, path }, about.otherwise)) {
      const values = valuesIn(node);
      sum.valuesRead += values;
      sum.read += reason === undefined ? values : 1;
      if (reason !== undefined) listed.push({ path: where, at, reason, ...service });
      else {
        sum.carried += values;
        sum.valuesCarried += values;
      }
    }
    return { listed, ...sum };
  }

  /** The tree cut into parts that are wholly carried, or wholly not for one reason. */
  *#parts(place: Place, otherwise: string): Generator<Place & { readonly reason: string | undefined }> {
    const { node } = place;
    const reason = this.#dropped.get(node);
    const carried = this.#carried.has(node) && reason === undefined;
    const inner = childrenOf(place);
    if (inner.length === 0 || !inner.some((child) => this.#differsWithin(child.node, carried))) {
      yield { ...place, reason: carried ? undefined : (reason ?? otherwise) };
      return;
    }
    for (const child of inner)
      if (carried && !this.#dropped.has(child.node) && !this.#differsWithin(child.node, true))
        yield { ...child, reason: undefined };
      else yield* this.#parts(child, reason ?? otherwise);
  }

  /** Whether something in the node was marked otherwise than what stands around it. */
  #differsWithin(node: Located, carried: boolean): boolean {
    if (carried ? this.#dropped.has(node) : this.#carried.has(node)) return true;
    if (!carried && this.#dropped.has(node)) return true;
    return childrenOf({ node, at: 0, path: '' }).some((child) => this.#differsWithin(child.node, carried));
  }
}

type Place = { readonly node: Located; readonly at: number; readonly path: string };

function childrenOf({ node, path }: Place): Place[] {
  if (node.kind === 'list')
    return node.items.map((item, index) => ({ node: item, at: item.at, path: `${path}.${index}` }));
  if (node.kind === 'scalar') return [];
  return [...node.entries].map(([key, entry]) => ({
    node: entry.node,
    at: entry.keyAt,
    path: path === '' ? key : `${path}.${key}`,
  }));
}

/** Values of a tree; an empty map or list is one. */
function valuesIn(node: Located): number {
  const inner = childrenOf({ node, at: 0, path: '' });
  return inner.length === 0 ? 1 : inner.reduce((sum, child) => sum + valuesIn(child.node), 0);
}

export function sumOf(accounts: readonly Account[]): Account {
  return accounts.reduce(
    (sum, one) => ({
      listed: [...sum.listed, ...one.listed],
      read: sum.read + one.read,
      carried: sum.carried + one.carried,
      valuesRead: sum.valuesRead + one.valuesRead,
      valuesCarried: sum.valuesCarried + one.valuesCarried,
    }),
    { listed: [], read: 0, carried: 0, valuesRead: 0, valuesCarried: 0 },
  );
}
