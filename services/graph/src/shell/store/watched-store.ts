import type { Batch, GraphStore } from './graph-store.ts';

export type CommitNote = {
  readonly batch: Batch;
  /** From the call until the transaction is on disk or lost its race, with the wait for those before it. */
  readonly tookMs: number;
};

/** The same store; `onCommit` hears how long each commit took. For measurements. */
export function watchedStore(store: GraphStore, onCommit: (note: CommitNote) => void): GraphStore {
  return {
    get: (collection, key) => store.get(collection, key),
    getMany: (places) => store.getMany(places),
    scan: (collection, range) => store.scan(collection, range),
    readLog: (log, range) => store.readLog(log, range),
    async commit(batch) {
      const startedAt = performance.now();
      try {
        return await store.commit(batch);
      } finally {
        onCommit({ batch, tookMs: performance.now() - startedAt });
      }
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
