import type { ArangoConfig } from './arango-connection.ts';
import type { GraphStore } from './graph-store.ts';

export type StoreConfig = {
  readonly databasePath: string;
  /** Where it is set, the store is in ArangoDB and the path is not looked at. */
  readonly arango?: ArangoConfig;
};

/** Opens the store that the settings name. Rejects with `StoreError`.. */
export async function openGraphStore({ databasePath, arango }: StoreConfig): Promise<GraphStore> {
  if (arango !== undefined) return (await import('./arango-store.ts')).openArangoStore(arango);
  return (await import('./sqlite-store.ts')).openSqliteStore(databasePath);
}
