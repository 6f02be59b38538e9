import type { Complaints } from './complaints.ts';
import type { ComposeApplication, ComposeLoader } from './compose-load.ts';
import type { DraftHint } from './draft.ts';
import type { Ledger } from './ledger.ts';
import type { Reading } from './nodes.ts';
import type { SecretReferences } from './secrets.ts';

/** What the parts of a Compose service are read with. */
export type ComposeScene = Reading & {
  readonly ledger: Ledger;
  readonly complaints: Complaints;
  readonly loader: ComposeLoader;
  readonly application: ComposeApplication;
  readonly references: SecretReferences;
  /** The application's name, which images that are built are called by. */
  readonly project: string;
};

export type PortHint = { readonly port: number; readonly hint: DraftHint };
