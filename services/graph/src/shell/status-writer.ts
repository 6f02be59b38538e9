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
import { type Loop, startLoop } from './loop.ts';

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
  return {
    follow: (changes) => {
      if (writer.mark(changes)) loop.wake();
    },
    refill: async () => {
      await writer.markAll();
      loop.wake();
    },
    [Symbol.asyncDispose]: () => endLoop(loop),
  };
}

async function endLoop(loop: Loop): Promise<void> {
  await loop[Symbol.asyncDispose]();
}

type Written = { readonly revision: number; readonly status: EnvironmentStatus | null };

class Writer {
  readonly #graph: Pick<Graph, 'store' | 'bus' | 'log' | 'clock'>;
  readonly #written = new Map<string, Written>();
  #dirty = new Set<string>();

  constructor(graph: Pick<Graph, 'store' | 'bus' | 'log' | 'clock'>) {
    this.#graph = graph;
  }

  mark({ puts }: Changes): boolean {
    const before = this.#dirty.size;
    for (const { collection, key } of puts) {
      if (collection === 'environments') this.#dirty.add(key);
      if (collection === 'activations') this.#dirty.add(key.slice(0, key.lastIndexOf('/')));
    }
    return this.#dirty.size > before;
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
