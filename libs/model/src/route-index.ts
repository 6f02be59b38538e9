// Owns: which record answers for a service of an environment, from the newest tables of one organisation.
// Does not own: endpoints, and so neither whether anybody runs nor how many: that is a router's own.
//
// 1. It answers as a router does that has the same tables (protocol 25, 26); `test/artifacts` compares the two.
// 2. What was asked once is answered by two lookups until a table changes, then everything is worked out again.
import type { LogicalTarget, RouteContext, Tier } from './resolution.ts';
import type { RouteTable } from './route-table.ts';

/** What an index needs of a table: nothing that is found out while something runs. */
export type RecordTable = Pick<RouteTable, 'env' | 'epoch' | 'generation' | 'context' | 'records' | 'expired'>;

/** Whose record was found first: where it was decided. */
export type Decided = { readonly env: string; readonly generation: number };

export type FoundRoute =
  | {
      readonly kind: 'target';
      /** The environment that the request is for. */
      readonly for: string;
      readonly target: LogicalTarget;
      readonly tier: Tier;
      readonly decided: Decided;
    }
  | {
      readonly kind: 'denied';
      readonly status: 403 | 404 | 503;
      readonly code: string;
      /** Absent where no record says it. */
      readonly decided?: Decided;
    };

/** The environment whose callers ask, or `context` alone where only one root knows the value. */
export type RouteQuestion = {
  readonly env?: string | undefined;
  readonly context?: string | undefined;
  readonly service: string;
};

type Known = { readonly table: RecordTable; readonly records: ReadonlyMap<string, RouteTable['records'][number]> };

const stepsMax = 16; // as a router
const expiredMax = 10_000; // as a router: of what nobody heard of for so long, one is told that it is unknown

/** The newest tables of one organisation's environments, and what they answer. */
export class RouteIndex {
  readonly #known = new Map<string, Known>();
  /** Environments by context value, and by root where two roots know the same. */
  readonly #values = new Map<string, Map<string, string>>();
  /** `<root>\n<value>` of deleted environments, oldest first. */
  readonly #expired = new Set<string>();
  readonly #answers = new Map<string, Map<string, FoundRoute>>();

  /** Takes a table; false where it is older than the one that is here (protocol 29). */
  put(table: RecordTable): boolean {
    const held = this.#known.get(table.env)?.table;
    if (held !== undefined && isOlder(table, held)) return false;
    if (table.expired) {
      this.#expire(table.context);
      this.remove(table.env);
      return true;
    }
    this.#forgetValue(table.env);
    this.#known.set(table.env, { table, records: new Map(table.records.map((record) => [record.service, record])) });
    const { root, value } = table.context;
    const roots = this.#values.get(value) ?? new Map<string, string>();
    this.#values.set(value, roots.set(root, table.env));
    this.#answers.clear();
    return true;
  }

  /** Its context value is unknown from now on. */
  remove(env: string): void {
    this.#forgetValue(env);
    this.#known.delete(env);
    this.#answers.clear();
  }

  tables(): readonly RecordTable[] {
    return [...this.#known.values()].map(({ table }) => table);
  }

  /** Where a request goes that somebody sends with or without a context. */
  find({ env, context, service }: RouteQuestion): FoundRoute {
    if (env === undefined) return this.#findByValue(context, service);
    if (context === undefined) return this.own(env, service);
    const about = this.#known.get(env)?.table.context;
    if (about === undefined) return denied(503, 'no-table');
    const selected = this.#values.get(context)?.get(about.root);
    return selected === undefined ? this.#unknown(about, context, service) : this.own(selected, service);
  }

  /** Where requests for an environment itself go: the hot path. */
  own(env: string, service: string): FoundRoute {
    const answers = this.#answers.get(env) ?? this.#answersOf(env);
    const found = answers.get(service);
    if (found !== undefined) return found;
    const answer = this.#follow(env, service);
    // What nobody declares is not kept: anybody may ask for any name.
    if (answer.kind === 'target' || answer.decided !== undefined) answers.set(service, answer);
    return answer;
  }

  #answersOf(env: string): Map<string, FoundRoute> {
    const answers = new Map<string, FoundRoute>();
    if (this.#known.has(env)) this.#answers.set(env, answers);
    return answers;
  }

  #findByValue(context: string | undefined, service: string): FoundRoute {
    const roots = context === undefined ? undefined : this.#values.get(context);
    const [env, more] = roots?.values() ?? [];
    if (env === undefined) return denied(404, 'unknown-context');
    return more === undefined ? this.own(env, service) : denied(404, 'ambiguous-context');
  }

  #unknown({ root, unknown }: RouteContext, value: string, service: string): FoundRoute {
    const policy = this.#known.get(root)?.table.context.unknown ?? unknown;
    if (policy === 'baseline') return this.own(root, service);
    return denied(404, this.#expired.has(`${root}\n${value}`) ? 'expired-context' : 'unknown-context');
  }

  #follow(forEnv: string, asked: string): FoundRoute {
    let [env, service] = [forEnv, asked];
    let first: { readonly decided: Decided; readonly tier: Tier } | undefined;
    for (let step = 0; step <= stepsMax; step++) {
      const known = this.#known.get(env);
      if (known === undefined) return denied(503, 'no-table');
      const { context, generation } = known.table;
      const record = known.records.get(service);
      if (record === undefined) {
        if (context.parent === null) return denied(404, 'no-record');
        env = context.parent;
        continue;
      }
      first ??= { decided: { env, generation }, tier: tierSeenFrom(forEnv, env, context.root, record.tier) };
      const { target } = record;
      if (target === null) return { ...denied(403, record.code ?? 'denied'), decided: first.decided };
      if ('external' in target || target.env === env) return { kind: 'target', for: forEnv, target, ...first };
      ({ env, service } = target);
    }
    return denied(503, 'circle');
  }

  #expire({ root, value }: RouteContext): void {
    const key = `${root}\n${value}`;
    this.#expired.delete(key);
    this.#expired.add(key);
    const [oldest] = this.#expired;
    if (this.#expired.size > expiredMax && oldest !== undefined) this.#expired.delete(oldest);
  }

  #forgetValue(env: string): void {
    const held = this.#known.get(env)?.table.context;
    if (held === undefined) return;
    const roots = this.#values.get(held.value);
    if (roots?.get(held.root) !== env) return;
    roots.delete(held.root);
    if (roots.size === 0) this.#values.delete(held.value);
  }
}

/** What an ancestor has locally is inherited by whoever looks it up there. */
function tierSeenFrom(forEnv: string, env: string, root: string, tier: Tier): Tier {
  if (env === forEnv || tier !== 'local overlay') return tier;
  return env === root ? 'baseline' : 'inherited ancestor';
}

function isOlder(table: RecordTable, than: RecordTable): boolean {
  return table.epoch < than.epoch || (table.epoch === than.epoch && table.generation < than.generation);
}

function denied(status: 403 | 404 | 503, code: string): Extract<FoundRoute, { kind: 'denied' }> {
  return { kind: 'denied', status, code };
}
