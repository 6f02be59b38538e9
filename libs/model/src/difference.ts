import type { Digest } from './digest.ts';

export type ChangeClass = 'behaviour' | 'contract' | 'data' | 'capacity' | 'policy' | 'metadata';

/** One changed field of a spec: a JSON pointer, its class, and short forms of both values. */
export type FieldChange = {
  readonly pointer: string;
  readonly class: ChangeClass;
  readonly before: string | null;
  readonly after: string | null;
};

export type ServiceDifference = {
  readonly service: string;
  readonly identity: string;
  readonly state: 'added' | 'changed' | 'removed' | 'impacted' | 'unchanged';
  /** Whether the environment itself declares the service (declared but identical is `unchanged` and says so). */
  readonly declared: boolean;
  readonly changes: readonly FieldChange[];
  /** `added` only: the name under which the parent has the same service, by its identity. */
  readonly formerName?: string;
  /** `impacted` only: the shortest dependency path to the cause, this service first. */
  readonly path?: readonly string[];
  readonly reason: string;
};

/** The target against its parent's effective graph at the derivation's lineage revisions; sorted by service. */
export type Difference = {
  readonly env: string;
  /** The parent compared with; null for a root, where every service is `added`. */
  readonly parent: string | null;
  readonly derivation: Digest;
  readonly services: readonly ServiceDifference[];
};
