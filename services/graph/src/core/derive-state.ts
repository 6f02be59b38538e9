import type { Actor } from '@microstax/contracts/fields';
import type { Artifact } from '@microstax/model/artifact';
import type { AppliedData } from '@microstax/model/data-step';
import type { Cause, Derivation, Wanted } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import type { PriceTable } from '@microstax/model/facts';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import type { PolicyBundle } from '@microstax/model/policy';
import type { LinkKind, Revision } from '@microstax/model/revision';
import type { RuntimeFact } from '@microstax/model/runtime-fact';
import type { ActivationDocument, AnswerDocument, EnvironmentDocument, SubmissionRef } from './documents.ts';
import type { NamedIdentity } from './identify.ts';

export type Position = { readonly generation: number; readonly revision: Digest };

/** One ancestor as the store has it now. */
export type AncestorState = {
  readonly environment: EnvironmentDocument;
  readonly link: LinkKind;
  /** What composition reads: the pin, or the offer. */
  readonly read: Position;
  readonly revision: Revision;
  readonly offer: Position;
  /** Root first, the ancestor itself last; only where the pin is not the offer. */
  readonly offeredChain: readonly Revision[] | null;
};

/** An environment outside the lineage that a mapping or a pool names. */
export type OutsideState = {
  readonly environment: EnvironmentDocument;
  readonly offer: Position;
  /** Root first, the environment itself last. */
  readonly chain: readonly Revision[];
};

/** What executes here, the organisation's policies and its prices: frozen with each derivation (protocol 10). */
export type Installation = {
  readonly runtime?: RuntimeFact;
  /** Absent: none. */
  readonly policies?: Artifact<PolicyBundle>;
  /** Absent: the declared defaults. */
  readonly prices?: PriceTable;
};

/** Everything that deriving an environment reads, as one moment of the store. */
export type DeriveState = {
  readonly self: EnvironmentDocument | null;
  /** The activation of the newest generation, and what it was derived from. */
  readonly newest: ActivationDocument | null;
  readonly newestDerivation: Derivation | null;
  /** The environment's own declarations that are to be derived. */
  readonly own: Artifact<Revision>;
  readonly selfView: EnvironmentView | null;
  readonly parentView: EnvironmentView | null;
  /** Nearest first; complete unless the lineage is refused anyway. */
  readonly lineage: readonly AncestorState[];
  readonly outside: readonly OutsideState[];
  /** How many other environments hold something of a pool, where this one states its capacity. */
  readonly poolHolders?: ReadonlyMap<string, number>;
  /** Every environment under the same root. */
  readonly members: readonly EnvironmentDocument[];
  /** The recorded answer, where this submission was decided before. */
  readonly answered: AnswerDocument | null;
  readonly revisionKnown: boolean;
  /** What was done to the data of its services; read where a snapshot or seeds are declared. */
  readonly applied?: readonly AppliedData[];
  /** What this installation fixes for all that is derived here. */
  readonly installation?: Installation;
  /** Services of the stored revision that the submitted one was made from: their identities are known too. */
  readonly sourceServices?: readonly NamedIdentity[];
};

/** Why and for whom an environment is derived. */
export type DeriveRequest = {
  readonly org: string;
  readonly env: string;
  readonly cause: Cause;
  readonly actor: Actor;
  readonly submission: SubmissionRef | null;
  /** Where a submitted revision came from. */
  readonly source?: string;
  readonly wanted: Wanted;
  /** Protocol 3: `retry` and drift are never unchanged. */
  readonly always: boolean;
  /** The trace that the commit belongs to, and those it is linked with. */
  readonly traceparent: string | null;
  readonly linkedTraces: readonly string[];
  readonly now: number;
};
