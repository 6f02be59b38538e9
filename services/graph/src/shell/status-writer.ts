// Owns: the projection of environments into the bucket that everybody reads (protocol 19). The graph is its only writer.
// 1. A value is written after the commit that it shows, from the rows as they are by then.
// 2. (generation, stage, journal length) of a key never goes back.
import type { Bucket } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { buckets, environmentKey } from '@microstax/contracts/topology';
import type { EnvironmentStatus } from '@microstax/model/status';
import type { Changes } from '../core/changes.ts';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { activationAt, environmentAt } from '../core/places.ts';
import { mayReplace, statusOf } from '../core/status.ts';
import type { Graph } from './graph.ts';
import { startLoop } from './loop.ts';

/** An outcome is waited for and is shown at once; how far something has come is looked at by people. */
const progressMs = 100;

export interface StatusWriter extends AsyncDisposable {
  /** Writes, soon, whatever these changes moved. */
  follow(changes: Changes): void;
  /** Writes every environment again, and removes keys of environments that the store does not know. */
  refill(): Promise<void>;
}

export function startStatusWriter(graph: Pick<Graph, 'store' | 'bus' | 'log' | 'clock'>): StatusWriter {
  const writer = new Writer(graph);
  const loop = startLoop({
    name: 'status',
    log: graph.log,
    clock: graph.clock,
    restMs: 60_000,
    work: () => writer.writeDirty(),
  });
  let soon: NodeJS.Timeout | undefined;
  const now = (): void => {
    clearTimeout(soon);
    soon = undefined;
    loop.wake();
  };
  return {
    follow: (changes) => {
      const marked = writer.mark(changes);
      if (marked === 'outcome') now();
      if (marked === 'progress') soon ??= setTimeout(now, progressMs);
    },
    refill: async () => {
      await writer.markAll();
      now();
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(soon);
      await loop[Symbol.asyncDispose]();
    },
  };
}

type Written = { readonly revision: number; readonly status: EnvironmentStatus | null };

class Writer {
  readonly #graph: Pick<Graph, 'store' | 'bus' | 'log' | 'clock'>;
  readonly #written = new Map<string, Written>();
  #dirty = new Set<string>();

  constructor(graph: Pick<Graph, 'store' | 'bus' | 'log' | 'clock'>) {
    this.#graph = graph;
  }

  /** What the changes mean for those who look at statuses. */
  mark({ puts }: Changes): 'outcome' | 'progress' | 'nothing' {
    let means: 'outcome' | 'progress' | 'nothing' = 'nothing';
    for (const { collection, key, body } of puts) {
      if (collection !== 'environments' && collection !== 'activations') continue;
      this.#dirty.add(collection === 'environments' ? key : key.slice(0, key.lastIndexOf('/')));
      const ends = collection === 'activations' && (body as ActivationDocument).outcome !== null;
      if (ends || means === 'nothing') means = ends ? 'outcome' : 'progress';
    }
    return means;
  }

  async markAll(): Promise<void> {
    this.#written.clear();
    const rows = await this.#graph.store.scan<EnvironmentDocument>('environments', { prefix: '' });
    for (const { key } of rows) this.#dirty.add(key);
    const known = new Set(rows.map(({ body }) => environmentKey(body.org, body.env)));
    const bucket = await this.#bucket();
    for (const key of await bucket.keys()) if (!known.has(key)) await bucket.delete(key);
  }

  async writeDirty(): Promise<boolean> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    try {
      for (const key of dirty) {
        await this.#writeOne(key);
        dirty.delete(key);
      }
    } finally {
      for (const key of dirty) this.#dirty.add(key);
    }
    return this.#dirty.size > 0;
  }

  async #writeOne(key: string): Promise<void> {
    const [org = '', env = ''] = key.split('/');
    const status = await this.#project(org, env);
    if (status === null) return;
    const bucket = await this.#bucket();
    const name = environmentKey(org, env);
    for (;;) {
      const written = this.#written.get(name) ?? (await this.#read(bucket, name));
      if (written.status && !mayReplace(status, written.status)) {
        this.#graph.log.error({ org, env }, 'a status would go back; it is not written');
        return;
      }
      if (written.status && saysTheSame(status, written.status)) return;
      try {
        this.#written.set(name, { revision: await bucket.put(name, status, written.revision), status });
        return;
      } catch (error) {
        this.#written.delete(name);
        if (!(error instanceof BusError && error.code === 'conflict')) throw error;
      }
    }
  }

  async #project(org: string, env: string): Promise<EnvironmentStatus | null> {
    const { store } = this.#graph;
    const [row] = await store.getMany<EnvironmentDocument>([environmentAt(org, env)]);
    if (row === undefined) return null;
    const [newest] = await store.getMany<ActivationDocument>([activationAt(org, env, row.body.generation)]);
    return newest ? statusOf(row.body, newest.body) : null;
  }

  async #read(bucket: Bucket, name: string): Promise<Written> {
    const entry = await bucket.get<EnvironmentStatus>(name);
    return entry ? { revision: entry.revision, status: entry.value } : { revision: 0, status: null };
  }

  #bucket(): Promise<Bucket> {
    return this.#graph.bus.bucket(buckets.environments);
  }
}

/** A row is also touched by what happens around its environment, which nobody sees in its status. */
function saysTheSame(one: EnvironmentStatus, other: EnvironmentStatus): boolean {
  return JSON.stringify({ ...one, updatedAt: 0 }) === JSON.stringify({ ...other, updatedAt: 0 });
}
