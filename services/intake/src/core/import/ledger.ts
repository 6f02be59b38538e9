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
  readonly #rests = new Set<Located>();

  /** The node and everything in it is in the Blueprint, or is so without a word (a restart policy of `always`). */
  carry(...nodes: readonly (Located | undefined)[]): void {
    for (const node of nodes) if (node !== undefined) this.#carried.add(node);
  }

  /** The node is not carried, because. Wins over `carry`, also of what is inside. */
  drop(node: Located | undefined, reason: string): void {
    if (node !== undefined) this.#dropped.set(node, reason);
  }

  /** Of the node only what was marked inside of it is carried, because. */
  dropRest(node: Located | undefined, reason: string): void {
    if (node !== undefined) this.#rests.add(node);
    this.drop(node, reason);
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

  /** The tree cut into parts that are wholly carried, or wholly not for one reason; a node is as what stands around it. */
  *#parts(place: Place, around: string | undefined): Generator<Place & { readonly reason: string | undefined }> {
    const { node } = place;
    const dropped = this.#dropped.get(node);
    const reason = dropped ?? (this.#carried.has(node) ? undefined : around);
    const inner = dropped === undefined || this.#rests.has(node) ? childrenOf(place) : [];
    if (!inner.some((child) => this.#differsWithin(child.node, reason === undefined))) yield { ...place, reason };
    else for (const child of inner) yield* this.#parts(child, reason);
  }

  /** Whether something in the node was marked otherwise than what stands around it. */
  #differsWithin(node: Located, carried: boolean): boolean {
    if (this.#dropped.has(node) || (!carried && this.#carried.has(node))) return true;
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
  const total = (of: (account: Account) => number): number => accounts.reduce((sum, account) => sum + of(account), 0);
  return {
    listed: accounts.flatMap(({ listed }) => listed),
    read: total(({ read }) => read),
    carried: total(({ carried }) => carried),
    valuesRead: total(({ valuesRead }) => valuesRead),
    valuesCarried: total(({ valuesCarried }) => valuesCarried),
  };
}
