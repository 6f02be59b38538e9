import type { ArtifactKind, Digest } from '@microstax/model/digest';
import type { Inventory, JournalEvent, Owner } from '@microstax/model/journal';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import type { SubmissionAnswer } from './answer.ts';
import { defineRequest } from './request-contract.ts';

/** Read-only: what intake needs to judge a Blueprint early (design 5.1, Identify and Lineage). */
export type IdentifyRequest = {
  readonly env: string;
  readonly parent: string | null;
  readonly mode: 'isolated' | 'baseline' | 'overlay';
  /** The project, where the Blueprint states one. */
  readonly project: string | null;
  /** The context value that the Blueprint wants. */
  readonly value: string;
  readonly services: readonly { readonly name: string; readonly formerNames: readonly string[] }[];
};
export type IdentifyReply = {
  readonly self: EnvironmentView | null;
  readonly parent: EnvironmentView | null;
  /** The environment under the same root that has the value already, if another one. */
  readonly valueHolder: string | null;
  /** Proposed identities by service name; the commit confirms them. */
  readonly identities: Readonly<Record<string, string>>;
};
export const identify = defineRequest<IdentifyRequest, IdentifyReply>(
  'graph',
  'identify',
  'What intake needs to judge a Blueprint early',
);

export type AnswerRequest = { readonly submission: string };
export type AnswerReply = { readonly answer: SubmissionAnswer | null };
export const answerOf = defineRequest<AnswerRequest, AnswerReply>(
  'graph',
  'answer',
  'The recorded answer of a submission',
);

export type IncarnationReply = { readonly incarnation: number };
export const incarnationOf = defineRequest<Record<string, never>, IncarnationReply>(
  'graph',
  'incarnation',
  'The incarnation of the bus (protocol 29)',
);

/** Protocol 16 and 17. */
export type ClaimRequest = {
  readonly env: string;
  readonly generation: number;
  readonly approval: Digest;
  readonly owner: Owner;
  /**
   * The first append, written along with the claim where the journal has `length` entries then: the owner has foreseen
   * what it is given. The reply's length says whether it was.
   */
  readonly first?: { readonly length: number; readonly events: readonly JournalEvent[] };
};
/**
 * An execution that is not finished. Whoever learns that it is its owner and does not execute it, because an answer was
 * lost, or that the owner on its host has ended, goes on with it at once (protocol 22).
 */
export type HeldExecution = { readonly execution: string; readonly epoch: number; readonly owner: Owner };
export type ClaimReply =
  | {
      readonly kind: 'claimed';
      readonly execution: string;
      readonly epoch: number;
      readonly length: number;
      readonly inventory: Inventory;
      /** Whether what the owner foresaw was appended; absent where it foresaw nothing. */
      readonly foreseen?: boolean;
    }
  | { readonly kind: 'superseded'; readonly target: number }
  | { readonly kind: 'already'; readonly reason: string; readonly held?: HeldExecution }
  | { readonly kind: 'artifact missing'; readonly digests: readonly Digest[] }
  | { readonly kind: 'provider moved'; readonly provider: string; readonly generation: number }
  | { readonly kind: 'provider not wanted'; readonly provider: string }
  | { readonly kind: 'taken'; readonly key: string; readonly by: string }
  | { readonly kind: 'preview' };
export const claim = defineRequest<ClaimRequest, ClaimReply>(
  'graph',
  'claim',
  'The only gate to the world (protocol 16)',
);

/** Protocol 20: compare-and-set on (epoch, length). `execution` names the one that writes. */
export type AppendRequest = {
  readonly env: string;
  readonly execution: string;
  readonly epoch: number;
  readonly length: number;
  readonly events: readonly JournalEvent[];
};
export type AppendReply =
  | { readonly kind: 'appended'; readonly length: number }
  | { readonly kind: 'fenced'; readonly epoch: number }
  | { readonly kind: 'stale'; readonly length: number }
  /** Protocol 21: the failure of an await job no longer holds. */
  | { readonly kind: 'refused'; readonly reason: string };
export const append = defineRequest<AppendRequest, AppendReply>(
  'graph',
  'append',
  'Appends to an environment journal by compare-and-set',
);

/** Protocol 22. */
export type RenewRequest = { readonly env: string; readonly epoch: number };
export type RenewReply = { readonly kind: 'renewed' } | { readonly kind: 'fenced'; readonly epoch: number };
export const renew = defineRequest<RenewRequest, RenewReply>('graph', 'renew', 'Renews the lease of an execution');

export type TakeoverRequest = {
  readonly env: string;
  readonly execution: string;
  readonly epoch: number;
  readonly owner: Owner;
  readonly reason: string;
};
export type TakeoverReply =
  | {
      readonly kind: 'taken over';
      readonly epoch: number;
      readonly length: number;
      readonly inventory: Inventory;
      readonly events: readonly JournalEvent[];
      readonly plan: Digest;
      readonly resolution: Digest;
    }
  | { readonly kind: 'lost'; readonly reason: string; readonly held?: HeldExecution };
export const takeover = defineRequest<TakeoverRequest, TakeoverReply>(
  'graph',
  'takeover',
  'Takes over an execution whose owner fell silent',
);

/**
 * What a starting runtime asks: executions that are not finished, and what serves. It adopts or ends what a killed
 * predecessor on its host left (protocol 22, 24), and writes route tables again (29).
 */
export type EstateRequest = {
  /** Only this environment. */
  readonly env?: string | undefined;
};
export type EstateReply = {
  readonly environments: readonly {
    readonly org: string;
    readonly env: string;
    readonly generation: number;
    readonly epoch: number;
    readonly length: number;
    readonly execution: string | null;
    readonly owner: Owner | null;
    /** Whether that execution is unfinished. */
    readonly open: boolean;
    /** The trace that it belongs to (protocol 31). */
    readonly traceparent: string | null;
    readonly inventory: Inventory;
    readonly plan: Digest | null;
    readonly resolution: Digest | null;
    /** What serves, which is not what was executed last where that failed. */
    readonly serving: { readonly generation: number; readonly plan: Digest; readonly resolution: Digest } | null;
  }[];
};
export const estate = defineRequest<EstateRequest, EstateReply>(
  'graph',
  'estate',
  'What the runtime has to look after',
);

/** Protocol 24: something that serves is missing and the journal says so already. The graph derives again. */
export type DriftRequest = {
  readonly env: string;
  readonly epoch: number;
  readonly services: readonly string[];
  readonly orderly: boolean;
};
export type DriftReply =
  | { readonly kind: 'derived'; readonly generation: number }
  | { readonly kind: 'degraded' }
  | { readonly kind: 'fenced'; readonly epoch: number };
export const drift = defineRequest<DriftRequest, DriftReply>('graph', 'drift', 'Derives again after drift');

/**
 * Somebody needs what sleeps: a router that holds a request, or a child that awaits it. Asked again it says how far the
 * wake-up has come; what is stopped or deleted is not woken.
 */
export type WakeRequest = { readonly env: string };
export type WakeReply =
  | { readonly kind: 'awake' }
  | { readonly kind: 'waking'; readonly generation: number }
  | { readonly kind: 'not wanted'; readonly wanted: 'stopped' | 'deleted' }
  /** Its newest activation ended badly and nothing of it runs. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unknown' };
export const wake = defineRequest<WakeRequest, WakeReply>('graph', 'wake', 'Wakes an environment that sleeps');

/** The bytes of an artifact that the store has. */
export type ArtifactRequest = { readonly digest: Digest };
export type ArtifactReply = { readonly kind: string; readonly bytes: string } | null;
export const artifact = defineRequest<ArtifactRequest, ArtifactReply>('graph', 'artifact', 'The bytes of an artifact');

/** The revision that a generation was derived from, for a Blueprint that says `from` (design 5.1, Other inputs). */
export type StoredRevisionRequest = { readonly env: string; readonly generation: number };
export type StoredRevisionReply =
  | { readonly kind: 'revision'; readonly digest: Digest; readonly bytes: string }
  /** `known`: names, or numbers, that there are. */
  | { readonly kind: 'unknown environment' | 'unknown generation'; readonly known: readonly string[] }
  /** There was one, and its bytes are kept no longer. */
  | { readonly kind: 'not kept' };
export const storedRevision = defineRequest<StoredRevisionRequest, StoredRevisionReply>(
  'graph',
  'revision',
  'The revision that a generation was derived from',
);

/** Makes and keeps the closure of a generation, of the newest one by default (design 5.6). */
export type ClosureRequest = {
  readonly env: string;
  readonly at?: number | undefined;
  /** Whether the bytes of what it names are wanted too. */
  readonly whole: boolean;
};
export type ClosureReply =
  | {
      readonly kind: 'closure';
      readonly digest: Digest;
      readonly bytes: string;
      readonly activation: string;
      /** The artifacts that it names, each once. */
      readonly artifacts: readonly { readonly kind: ArtifactKind; readonly digest: Digest; readonly bytes?: string }[];
    }
  | { readonly kind: 'not found'; readonly what: string; readonly known: readonly string[] };
export const closureOf = defineRequest<ClosureRequest, ClosureReply>(
  'graph',
  'closure',
  'Makes the closure of a generation and keeps it',
);

export const graphRequests = [
  identify,
  answerOf,
  incarnationOf,
  claim,
  append,
  renew,
  takeover,
  estate,
  drift,
  wake,
  artifact,
  storedRevision,
  closureOf,
] as const;
