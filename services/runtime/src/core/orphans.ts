import type { InstanceRecord } from '@microstax/model/journal';

/** What lies in the world under an environment's name. */
export type FoundEnvironment = {
  readonly env: string;
  /** Records of the driver, and whether the very process of each lives. */
  readonly instances: readonly { readonly record: InstanceRecord; readonly lives: boolean }[];
  /** Folders below the data directory. */
  readonly folders: readonly string[];
  /** Whether there is a route table. */
  readonly isRouted: boolean;
};

/** What the graph says of an environment, asked after the world was looked at. */
export type KnownEnvironment = {
  /** An execution is not finished: what it started may not be in the inventory yet. */
  readonly open: boolean;
  readonly instances: ReadonlySet<string>;
  /** It was deleted, and that is done. */
  readonly isDeleted: boolean;
};

export type FoundOrphan = {
  readonly kind: 'process' | 'record' | 'folder' | 'route';
  readonly env: string;
  readonly name: string;
  readonly pid?: number;
  readonly reason: string;
  /** process, record: what is to be stopped or forgotten. */
  readonly record?: InstanceRecord;
};

/**
 * What nobody owns of what was found. The world was looked at first and the graph asked afterwards, so what an execution
 * had started by then is in an inventory by now, or the execution is still open and nothing of the environment is judged.
 */
export function orphansOf(found: FoundEnvironment, known: KnownEnvironment | undefined): readonly FoundOrphan[] {
  const { env, instances, folders, isRouted } = found;
  if (known?.open) return [];
  const unknown = known === undefined;
  const why = unknown ? 'the graph knows no such environment' : 'its environment is deleted';
  const unowned = instances
    .filter(({ record }) => !known?.instances.has(record.id))
    .map(({ record, lives }): FoundOrphan => {
      const reason = unknown ? why : 'no inventory has it';
      return { kind: lives ? 'process' : 'record', env, name: record.id, pid: record.pid, reason, record };
    });
  // Of a deleted environment's table it stays that its context is expired.
  const routes: FoundOrphan[] = isRouted && unknown ? [{ kind: 'route', env, name: env, reason: why }] : [];
  // The folder `run` of what was deleted holds the fence that its next generation is compared with, and logs are kept.
  const gone = folders.filter((folder) => unknown || (known.isDeleted && isOfData(folder)));
  return [...unowned, ...routes, ...gone.map((name): FoundOrphan => ({ kind: 'folder', env, name, reason: why }))];
}

function isOfData(folder: string): boolean {
  return folder.startsWith('data/') || folder.startsWith('secrets/');
}
