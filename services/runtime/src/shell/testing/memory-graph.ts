import type { SnapshotItem } from '@microstax/contracts/data-requests';
import type { WakeReply } from '@microstax/contracts/graph-requests';
import type { Digest } from '@microstax/model/digest';
import { evolveInventory } from '@microstax/model/inventory';
import { emptyInventory, type Inventory, type JournalEntry, type JournalEvent } from '@microstax/model/journal';
import type { Graph } from '../graph.ts';

type Row = {
  generation: number;
  epoch: number;
  entries: JournalEntry[];
  inventory: Inventory;
  execution: string;
  open: boolean;
  owner: Parameters<Graph['claim']>[1]['owner'];
  plan: Digest;
  resolution: Digest;
  serving: { readonly generation: number; readonly plan: Digest; readonly resolution: Digest } | null;
};

function held(row: Row | undefined) {
  return row?.open ? { held: { execution: row.execution, epoch: row.epoch, owner: row.owner } } : {};
}

/** The graph's side of claims and journals in memory, by the rules that the runtime relies on; only for tests. */
export class MemoryGraph implements Graph {
  readonly artifacts = new Map<Digest, unknown>();
  readonly drifts: { readonly env: string; readonly services: readonly string[]; readonly orderly: boolean }[] = [];
  readonly #rows = new Map<string, Row>();
  /** What the next claim of an environment executes. */
  readonly approved = new Map<string, { readonly plan: Digest; readonly resolution: Digest }>();
  /** Whether what an awaiting job says of its provider holds. */
  refuse: (event: JournalEvent) => string | undefined = () => undefined;

  journal(env: string): readonly JournalEvent[] {
    return this.#rows.get(env)?.entries.map(({ event }) => event) ?? [];
  }

  epoch(env: string): number {
    return this.#rows.get(env)?.epoch ?? 0;
  }

  inventory(env: string): Inventory {
    return this.#rows.get(env)?.inventory ?? emptyInventory;
  }

  isOpen(env: string): boolean {
    return this.#rows.get(env)?.open ?? false;
  }

  async claim(_org: string, { env, generation, owner, first }: Parameters<Graph['claim']>[1]) {
    const before = this.#rows.get(env);
    if (before && before.generation > generation) return { kind: 'superseded', target: before.generation } as const;
    if (before?.generation === generation)
      return { kind: 'already', reason: 'it is claimed', ...held(before) } as const;
    const { plan, resolution } = this.approved.get(env) ?? { plan: 'sha256:0', resolution: 'sha256:0' };
    const row: Row = {
      entries: [],
      inventory: emptyInventory,
      serving: null,
      ...before,
      ...{ generation, owner, plan, resolution, open: true, execution: `${env}@${generation}` },
      epoch: (before?.epoch ?? 0) + 1,
    };
    this.#rows.set(env, row);
    this.#write(row, [{ type: 'claimed', owner, plan }]);
    const { execution, epoch, inventory } = row;
    const foreseen = first === undefined ? {} : { foreseen: false }; // it never takes what was foreseen
    return { kind: 'claimed', execution, epoch, length: row.entries.length, inventory, ...foreseen } as const;
  }

  async append(_org: string, request: Parameters<Graph['append']>[1]) {
    const row = this.#rows.get(request.env);
    if (!row || row.epoch !== request.epoch || row.execution !== request.execution)
      return { kind: 'fenced', epoch: row?.epoch ?? 0 } as const;
    if (row.entries.length !== request.length) return { kind: 'stale', length: row.entries.length } as const;
    const reason = request.events.map((event) => this.refuse(event)).find((text) => text !== undefined);
    if (reason !== undefined) return { kind: 'refused', reason } as const;
    this.#write(row, request.events);
    const finished = request.events.find((event) => event.type === 'finished');
    if (finished) row.open = false;
    const { generation, plan, resolution } = row;
    if (finished?.outcome === 'ready') row.serving = { generation, plan, resolution };
    return { kind: 'appended', length: row.entries.length } as const;
  }

  async renew(_org: string, { env, epoch }: Parameters<Graph['renew']>[1]) {
    const row = this.#rows.get(env);
    return row?.epoch === epoch
      ? ({ kind: 'renewed' } as const)
      : ({ kind: 'fenced', epoch: row?.epoch ?? 0 } as const);
  }

  async takeover(_org: string, { env, execution, epoch, owner, reason }: Parameters<Graph['takeover']>[1]) {
    const row = this.#rows.get(env);
    if (!row?.open || row.epoch !== epoch || row.execution !== execution)
      return { kind: 'lost', reason: 'somebody else has it', ...held(row) } as const;
    row.epoch += 1;
    row.owner = owner;
    this.#write(row, [{ type: 'taken over', owner, reason }]);
    const events = row.entries.filter((entry) => entry.execution === execution).map(({ event }) => event);
    const { inventory, plan, resolution } = row;
    return {
      kind: 'taken over',
      epoch: row.epoch,
      length: row.entries.length,
      ...{ inventory, events, plan, resolution },
    } as const;
  }

  async estate(_org = 'default', only?: string) {
    const rows = [...this.#rows].filter(([env]) => only === undefined || env === only);
    const environments = rows.map(([env, row]) => {
      const { generation, epoch, execution, owner, open, inventory, plan, resolution } = row;
      const length = row.entries.length;
      const executed = { generation, execution, owner, open, plan, resolution, traceparent: null };
      return { org: 'default', env, epoch, length, inventory, serving: row.serving, ...executed };
    });
    return { environments };
  }

  async drift(_org: string, { env, services, orderly }: Parameters<Graph['drift']>[1]) {
    this.drifts.push({ env, services, orderly });
    return { kind: 'degraded' } as const;
  }

  /** What a wake-up is answered, in turn; the last one again and again. */
  readonly wakeReplies: WakeReply[] = [{ kind: 'awake' }];
  readonly woken: string[] = [];

  async wake(_org: string, env: string): Promise<WakeReply> {
    this.woken.push(env);
    const [reply = { kind: 'unknown' } as const] =
      this.wakeReplies.length > 1 ? this.wakeReplies.splice(0, 1) : this.wakeReplies;
    return reply;
  }

  readonly recorded: SnapshotItem[] = [];

  async snapshots(_org: string, { env, name }: { readonly env: string; readonly name?: string }) {
    return this.recorded.filter((item) => item.env === env && (name === undefined || item.name === name)).toReversed();
  }

  async keepSnapshot(_org: string, snapshot: SnapshotItem) {
    this.recorded.push(snapshot);
    return { kind: 'kept' } as const;
  }

  async artifact<T>(_org: string, _kind: string, digest: Digest): Promise<T | undefined> {
    return this.artifacts.get(digest) as T | undefined;
  }

  async answers(): Promise<boolean> {
    return true;
  }

  #write(row: Row, events: readonly JournalEvent[]): void {
    for (const event of events) {
      const { execution, generation, epoch } = row;
      row.entries.push({ n: row.entries.length + 1, execution, generation, epoch, at: 0, event });
      row.inventory = evolveInventory(row.inventory, event);
    }
  }
}
