import type { SubmissionAnswer } from '@microstax/contracts/answer';
import type { Actor, SubmissionOrder } from '@microstax/contracts/fields';
import type { SignedNote } from '@microstax/model/checkpoint';
import type { Cause, Wanted } from '@microstax/model/derivation';
import type { ArtifactKind, Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import type { ExecutionState, Inventory, Owner } from '@microstax/model/journal';
import type { EnvironmentMode } from '@microstax/model/revision';
import type { Outcome, Pointer, Stage } from '@microstax/model/status';

/** A child's claim on a provider, as the child's own row lists it. */
export type Hold = { readonly env: string; readonly service: string; readonly specDigest: Digest };

export type FrozenOffer = { readonly env: string; readonly revision: Digest };

export type SubmissionRef = { readonly id: string; readonly order: SubmissionOrder };

/** The moving pointers of an environment. Its row is what every fence compares (design 3, "no global order"). */
export type EnvironmentDocument = {
  readonly org: string;
  readonly env: string;
  readonly project: string;
  readonly mode: EnvironmentMode;
  readonly parent: string | null;
  readonly root: string;
  /** The context value that selects it, and its root's header. */
  readonly value: string;
  readonly headerName: string;
  /** The highest that was ever used, also before a delete. */
  readonly generation: number;
  readonly head: Pointer;
  readonly target: Pointer;
  readonly serving: Pointer;
  /** Of the head. */
  readonly wanted: Wanted;
  /** Of what serves; null while nothing ever became ready. */
  readonly servingWanted: Wanted | null;
  readonly epoch: number;
  readonly journalLength: number;
  readonly inventory: Inventory;
  /** The newest execution. */
  readonly execution: { readonly id: string; readonly generation: number; readonly open: boolean } | null;
  /** Generations without outcome, ascending. */
  readonly open: readonly number[];
  readonly lastSubmission: SubmissionRef | null;
  readonly holds: readonly Hold[];
  readonly keys: readonly string[];
  /** Providers that its newest activation failed waiting for (protocol 13). */
  readonly waitingFor: readonly string[];
  /** The parent's offer at the commit that set the pin (protocol 12). */
  readonly pin: Pointer;
  /** What ancestors, and environments that a mapping or a pool names, offered when the head was derived. */
  readonly offers: readonly FrozenOffer[];
  /** Services that it declares differently from its parent, sorted; empty for a root. */
  readonly changed: readonly string[];
  /** Environments outside of its lineage that its mappings and pools name, sorted; absent: none ever. */
  readonly names?: readonly string[];
  /** What a parent that moved would make of it, where its routing says that this is previewed. */
  readonly movedPreview?: MovedPreview | null;
  /** When it was derived again because of drift, of the last ten minutes. */
  readonly drifts: readonly number[];
  readonly degraded: boolean;
  /** What time does to it; absent or null where its Blueprint says nothing of that. */
  readonly lifetime?: LifetimeDocument | null;
  /** Services that were lost when it became degraded: nobody heals them again by himself. */
  readonly givenUp?: readonly string[];
  /** The oldest generation that is kept whole; absent while all are. */
  readonly floor?: number;
  /** Raised where another environment's commit must meet this row (protocol 16, 18). */
  readonly touched: number;
  readonly updatedAt: number;
};

/** What a Blueprint says of its lifetime. */
export type LifetimeWords = { readonly ttlSeconds?: number; readonly idleSeconds?: number };

export type LifetimeDocument = {
  /** When a Blueprint was accepted last. */
  readonly blueprintAt?: number;
  readonly expiresAt?: number;
  /** Nobody has to ask for so long for it to be put to sleep. */
  readonly idleSeconds?: number;
  /** Due times of its two rows among the timers. */
  readonly idleDueAt?: number;
  readonly expiryDueAt?: number;
  /** Who kept it beyond its end, as it was said last; sorted. */
  readonly heldBy?: readonly string[];
};

export type MovedPreview = {
  readonly parent: string;
  readonly parentGeneration: number;
  /** `<env>@preview-…`: what the stages decide about. */
  readonly activation: string;
  /** null while the stages decide. */
  readonly verdict: 'approved' | 'denied' | 'refused' | null;
  /** Why not. */
  readonly reason: string | null;
};

/** The way of one generation from derivation to outcome. */
export type ActivationDocument = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly activation: string;
  readonly submission: string | null;
  readonly actor: Actor;
  readonly cause: Cause;
  /** Where a submitted revision came from; absent where none was submitted. */
  readonly source?: string;
  readonly wanted: Wanted;
  /** What its revision says of its lifetime; absent where it says nothing. */
  readonly lifetime?: LifetimeWords;
  readonly at: number;
  readonly revision: Digest;
  readonly derivation: Digest;
  readonly stage: Stage;
  readonly outcome: Outcome | null;
  readonly reason: string;
  readonly artifacts: { readonly [kind in ArtifactKind]?: Digest };
  readonly findings: readonly Finding[];
  /** Its own first, then linked ones. */
  readonly traces: readonly string[];
  readonly traceparent: string | null;
  /** Local services out of all, once a plan stands. */
  readonly local: number | null;
  readonly services: number | null;
};

export type ExecutionDocument = {
  readonly execution: string;
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly epoch: number;
  readonly state: ExecutionState;
  readonly owner: Owner;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly reason: string;
  readonly plan: Digest;
  readonly resolution: Digest;
  /** Jobs that were begun and have no outcome, in the order of their beginning. */
  readonly underWay: readonly string[];
  /** Whether requests go by its routes. */
  readonly routed: boolean;
  /** Providers whose `await` job failed. */
  readonly failedAwaits: readonly string[];
  /** What this execution's success leaves held; what it does not name goes then (protocol 18). */
  readonly holds: readonly Hold[];
  readonly keys: readonly string[];
  readonly traceparent: string | null;
};

export type AnswerDocument = {
  readonly submission: string;
  readonly env: string;
  readonly order: SubmissionOrder;
  readonly answer: SubmissionAnswer;
  readonly at: number;
};

export type RevisionDocument = {
  readonly env: string;
  readonly revision: Digest;
  readonly firstGeneration: number;
  readonly at: number;
  readonly actor: Actor;
  /** Where it came from the first time: `blueprint`, `from shop@3`, `closure sha256:…`. */
  readonly source?: string;
};

export type ArtifactDocument = { readonly kind: ArtifactKind; readonly bytes: string };

export type IdentityDocument = {
  readonly identity: string;
  readonly project: string;
  readonly firstName: string;
  readonly ordinal: number;
};

export type HoldDocument = Hold & { readonly child: string };

export type KeyDocument = { readonly key: string; readonly env: string };

/** Due work that survives restarts and fires once per id. */
export type TimerDocument = {
  readonly id: string;
  readonly org: string;
  readonly env: string;
  readonly dueAt: number;
  readonly cause: Cause;
  /** The trace of what set it; the work starts a linked one (protocol 31). */
  readonly traceparent: string | null;
};

/** The last event of an activation and where the stream has it (protocol 28). */
export type SaidDocument = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly stage: Stage;
  /** null while it is in the outbox, to be said again. */
  readonly sequence: number | null;
  /** Of the bus that has it: sequences of another one mean nothing. */
  readonly incarnation: number;
  readonly drive: number;
};

/** What the store remembers of a stream, to recognise one that forgot (protocol 29). */
export type RememberedStream = {
  readonly createdAt: string;
  readonly lastSequence: number;
  /** Of the message at that sequence, where it had one. */
  readonly lastId: string | null;
};

export type BusDocument = {
  readonly incarnation: number;
  readonly openedAt: number;
  readonly streams: Readonly<Record<string, RememberedStream>>;
};

/** What is hashed into the audit log, with the number that the store adds. Entries are never written anew, only added to. */
export type AuditBody = {
  readonly org: string;
  readonly at: number;
  /** With what vouches for it; null where nobody can be told. */
  readonly actor: Actor | null;
  readonly verb: string;
  /** An activation, or the environment of a submission that led to none. */
  readonly subject: string;
  readonly digest: Digest | null;
  /** What caused it; null where a timer, a parent or drift did. */
  readonly submission: string | null;
};

/** A checkpoint of the audit log, signed once and never changed. */
export type CheckpointDocument = { readonly size: number; readonly note: SignedNote; readonly at: number };
