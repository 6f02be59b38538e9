import type { RouteTable } from '@microstax/model/route-table';
import { type IndexedTable, indexTable, type Tables } from '../core/route.ts';
import { Changes } from './changes.ts';

const expiredMax = 10_000; // of a name that nobody heard of for so long, a client is told that it is unknown

/** The newest table of every environment of one organisation, as the bucket has it. */
export class TableStore implements Tables {
  readonly changes = new Changes();
  /** Another one after each change. */
  version = 0;
  readonly #tables = new Map<string, IndexedTable>();
  readonly #revisions = new Map<string, number>();
  readonly #values = new Map<string, string>();
  /** Context values of deleted environments, oldest first. */
  readonly #expired = new Set<string>();

  /**
   * Takes a table. False where it is older than the one that is here: a bus that was restored to an earlier state says
   * old values until the runtime has written them anew, and the router keeps its tables meanwhile (protocol 29).
   */
  put(table: RouteTable, revision: number): boolean {
    const held = this.#tables.get(table.env)?.table;
    if (held !== undefined && isOlder(table, held)) return false;
    if (table.expired) {
      this.#expire(table);
      this.remove(table.env, revision);
      return true;
    }
    const indexed = indexTable(table);
    this.#forgetValue(table.env);
    this.#tables.set(table.env, indexed);
    this.#revisions.set(table.env, revision);
    this.#values.set(valueKey(table.context.root, table.context.value), table.env);
    this.version += 1;
    this.changes.tell();
    return true;
  }

  /** The environment is gone: its context value selects nothing from now on. */
  remove(env: string, revision: number): void {
    this.#forgetValue(env);
    this.#tables.delete(env);
    this.#revisions.set(env, revision);
    this.version += 1;
    this.changes.tell();
  }

  table(env: string): IndexedTable | undefined {
    return this.#tables.get(env);
  }

  selected(root: string, value: string): string | undefined {
    return this.#values.get(valueKey(root, value));
  }

  /** Whether the value selected an environment that is deleted; one that selects another by now is not expired. */
  expired(root: string, value: string): boolean {
    const key = valueKey(root, value);
    return this.#expired.has(key) && !this.#values.has(key);
  }

  environments(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** The revision of the key that the environment is routed by; 0 where there is none, or none of this bus. */
  revision(env: string): number {
    return this.#revisions.get(env) ?? 0;
  }

  /** A bucket made anew counts from 1: what was read from the one before confirms nothing. The tables stay. */
  forgetRevisions(): void {
    this.#revisions.clear();
  }

  /** Settles once the environment is routed by the revision or a newer one, or after `timeoutMs`. */
  async reached(env: string, revision: number, timeoutMs: number): Promise<number> {
    await this.changes.until(() => this.revision(env) >= revision, timeoutMs);
    return this.revision(env);
  }

  #expire({ context: { root, value } }: RouteTable): void {
    const key = valueKey(root, value);
    this.#expired.delete(key);
    this.#expired.add(key);
    const [oldest] = this.#expired;
    if (this.#expired.size > expiredMax && oldest !== undefined) this.#expired.delete(oldest);
  }

  #forgetValue(env: string): void {
    const held = this.#tables.get(env)?.table.context;
    if (held === undefined) return;
    const key = valueKey(held.root, held.value);
    if (this.#values.get(key) === env) this.#values.delete(key);
  }
}

function isOlder(table: RouteTable, than: RouteTable): boolean {
  return table.epoch < than.epoch || (table.epoch === than.epoch && table.generation < than.generation);
}

function valueKey(root: string, value: string): string {
  return `${root}\n${value}`;
}
