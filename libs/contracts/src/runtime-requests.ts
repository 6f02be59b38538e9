import { defineRequest } from './request-contract.ts';

/** Something of ours in the world that no inventory owns. */
export type Orphan = {
  readonly kind: 'process' | 'record' | 'folder' | 'route';
  readonly env: string;
  /** An instance, a folder below the data directory, or a key. */
  readonly name: string;
  readonly pid?: number;
  /** Why nobody owns it. */
  readonly reason: string;
  /** `removed`, or why it was not; null where it was only listed. */
  readonly outcome: string | null;
};

export type SweepRequest = {
  /** Absent: it is only listed. */
  readonly remove?: boolean | undefined;
  /** Folders with data, secrets and logs of environments that nobody knows go too. */
  readonly folders?: boolean | undefined;
};
export type SweepReply =
  | { readonly kind: 'swept'; readonly host: string; readonly dataDir: string; readonly orphans: readonly Orphan[] }
  /** This driver leaves nothing that could be told from what others own. */
  | { readonly kind: 'not realised'; readonly driver: string };
/** One runtime answers, for the processes of its host and its data directory. */
export const sweep = defineRequest<SweepRequest, SweepReply>(
  'runtime',
  'sweep',
  'Lists what a runtime left in the world and no inventory owns, and removes it where asked to',
);

export const runtimeRequests = [sweep] as const;
