import type { Cause, Wanted } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import type { LearntDuration } from '@microstax/model/estimate';
import type { Finding } from '@microstax/model/finding';
import type { Inventory, JournalEntry, Owner } from '@microstax/model/journal';
import type { EnvironmentStatus, Outcome, Stage } from '@microstax/model/status';
import type { SubmissionAnswer } from './answer.ts';
import type { Actor, SubmissionOrder } from './fields.ts';
import type { EnvironmentGraph, EnvironmentLineage, GraphDifference } from './graph-views.ts';
import { defineRequest } from './request-contract.ts';

/** One row of `msx get executions`. */
export type ExecutionItem = {
  readonly execution: string;
  readonly env: string;
  readonly generation: number;
  readonly epoch: number;
  readonly state: string;
  readonly owner: Owner | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly reason: string;
};

/** One generation with everything that was recorded about it. */
export type ActivationItem = {
  readonly env: string;
  readonly generation: number;
  readonly activation: string;
  readonly stage: Stage;
  readonly outcome: Outcome | null;
  readonly reason: string;
  readonly cause: Cause;
  readonly actor: Actor;
  readonly submission: string | null;
  /** Where the submitted revision came from; null where nothing was submitted but a command, or nothing at all. */
  readonly source: string | null;
  readonly wanted: Wanted;
  readonly at: number;
  /** Trace ids, its own first, then linked ones. */
  readonly traces: readonly string[];
  /** Digests of its artifacts by kind. */
  readonly artifacts: Readonly<Partial<Record<string, Digest>>>;
  readonly findings: readonly Finding[];
};

export type RevisionItem = {
  readonly env: string;
  readonly revision: Digest;
  readonly firstGeneration: number;
  readonly at: number;
  readonly actor: Actor;
  /** Where it came from first: `blueprint`, `from shop@3`, `closure sha256:…`. */
  readonly source: string;
};
export type SubmissionItem = {
  readonly submission: string;
  readonly env: string;
  readonly order: SubmissionOrder;
  readonly answer: SubmissionAnswer;
  readonly at: number;
};
export type AuditItem = {
  readonly n: number;
  readonly at: number;
  readonly actor: Actor | null;
  readonly verb: string;
  readonly subject: string;
  readonly digest: Digest | null;
  /** What caused it; null where a timer, a parent or drift did. */
  readonly submission: string | null;
};

/** One service of an environment: what the plan says, what runs, where it is reached. */
export type ServiceItem = {
  readonly env: string;
  readonly service: string;
  readonly identity: string;
  readonly placement: string;
  readonly provider: string | null;
  readonly tier: string | null;
  readonly pids: readonly number[];
  readonly ports: Readonly<Record<string, number>>;
  /** Listener URLs by port name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly specDigest: Digest;
};

export type ArtifactBytes = { readonly digest: Digest; readonly bytes: string };

/** A generation: the answer is as it was when nothing of a later one was recorded. */
type At = { readonly at?: number | undefined };

/**
 * Any query about environments can be asked `at` a generation, of each environment that it is about, and is answered
 * while planner, resolver and runtime are down. Generations below the floor of an environment are outside of retention.
 * `environment-detail` carries the bytes of the artifacts of one generation (default: the newest with a plan).
 */
export type Query =
  | ({ readonly kind: 'environments'; readonly env?: string | undefined } & At)
  | ({ readonly kind: 'environment-detail'; readonly env: string } & At)
  | ({ readonly kind: 'revisions'; readonly env?: string | undefined } & At)
  | ({ readonly kind: 'activations'; readonly env: string } & At)
  | ({ readonly kind: 'executions'; readonly env?: string | undefined } & At)
  /** With `at`: the entries of that generation alone. */
  | ({ readonly kind: 'journal'; readonly env: string } & At)
  /** How long jobs took, in the environment and its ancestors; with `at` what was known when that generation was derived. */
  | ({ readonly kind: 'durations'; readonly env: string } & At)
  | ({ readonly kind: 'services'; readonly env?: string | undefined } & At)
  | ({ readonly kind: 'submissions'; readonly env?: string | undefined } & At)
  | ({ readonly kind: 'graph'; readonly env: string } & At)
  | ({ readonly kind: 'lineage'; readonly env: string } & At)
  /** From that environment to another one, each at a generation of its own. */
  | ({ readonly kind: 'difference'; readonly env: string; readonly to: { readonly env: string } & At } & At)
  /** In pages: entries behind `after`, none where there are no more. Nothing in it ever changes. */
  | { readonly kind: 'audit'; readonly after?: number | undefined };

export type EnvironmentDetail = {
  readonly status: EnvironmentStatus;
  readonly activation: ActivationItem | null;
  readonly inventory: Inventory;
  readonly artifacts: Readonly<Partial<Record<string, ArtifactBytes>>>;
};

export type QueryReply =
  | { readonly kind: 'environments'; readonly items: readonly EnvironmentStatus[] }
  | { readonly kind: 'environment-detail'; readonly item: EnvironmentDetail }
  | { readonly kind: 'revisions'; readonly items: readonly RevisionItem[] }
  | { readonly kind: 'activations'; readonly items: readonly ActivationItem[] }
  | { readonly kind: 'executions'; readonly items: readonly ExecutionItem[] }
  | { readonly kind: 'journal'; readonly items: readonly JournalEntry[] }
  | { readonly kind: 'durations'; readonly items: readonly LearntDuration[] }
  | { readonly kind: 'services'; readonly items: readonly ServiceItem[] }
  | { readonly kind: 'submissions'; readonly items: readonly SubmissionItem[] }
  | { readonly kind: 'audit'; readonly items: readonly AuditItem[] }
  | { readonly kind: 'graph'; readonly item: EnvironmentGraph }
  | { readonly kind: 'lineage'; readonly item: EnvironmentLineage }
  | { readonly kind: 'difference'; readonly item: GraphDifference }
  | { readonly kind: 'not found'; readonly what: string; readonly known: readonly string[] }
  /** That generation was, and what was decided for it is not kept any more. */
  | { readonly kind: 'outside retention'; readonly env: string; readonly at: number; readonly floor: number };

export const query = defineRequest<Query, QueryReply>('graph', 'query', 'Reads of the graph store, at any generation');
