import type { Wanted } from '@microstax/model/derivation';
import type { FieldChange, ServiceDifference } from '@microstax/model/difference';
import type { Digest } from '@microstax/model/digest';
import type { EnvironmentMode, LinkKind } from '@microstax/model/revision';
import type { DependencySpec } from '@microstax/model/service-spec';
import type { EnvironmentState, Outcome } from '@microstax/model/status';

/** A generation of an environment, and what it declared. */
export type GenerationRef = { readonly env: string; readonly generation: number; readonly revision: Digest };

/** One service of an effective graph. */
export type GraphService = {
  readonly name: string;
  readonly identity: string;
  /** The nearest environment that added or changed it. */
  readonly owner: string;
  /** Against the parent; for a root every service is `added`. */
  readonly state: ServiceDifference['state'];
  readonly specDigest: Digest;
  readonly expose: boolean;
  readonly stateful: boolean;
  readonly dependsOn: readonly DependencySpec[];
  /** As the plan of the generation says, once there is one. */
  readonly placement: string | null;
  readonly provider: string | null;
};

/** What an environment amounts to once its lineage is composed. Sorted by name. */
export type EnvironmentGraph = GenerationRef & {
  readonly mode: EnvironmentMode;
  /** Nearest first. */
  readonly ancestors: readonly string[];
  readonly services: readonly GraphService[];
  /** Names that the environment takes away from what it inherits. */
  readonly removed: readonly string[];
};

export type LineageLink = GenerationRef & {
  /** How its child links to it. */
  readonly link: LinkKind;
  readonly mode: EnvironmentMode;
  /** What it offered when the generation was derived; another revision than the one read where a pin holds that. */
  readonly offer: { readonly generation: number; readonly revision: Digest };
  /** At present; null where a generation was asked for. */
  readonly state: EnvironmentState | null;
};

export type LineageChild = {
  readonly env: string;
  readonly link: LinkKind;
  readonly generation: number;
  /** What it derives from. */
  readonly parent: GenerationRef;
  readonly state: EnvironmentState;
};

/** The chain of an environment, nearest first, and who derives from it; children are of the present only. */
export type EnvironmentLineage = GenerationRef & {
  readonly mode: EnvironmentMode;
  readonly wanted: Wanted;
  readonly outcome: Outcome | null;
  /** At present; null where a generation was asked for. */
  readonly state: EnvironmentState | null;
  readonly links: readonly LineageLink[];
  /** Environments outside of the lineage that a mapping or a pool names. */
  readonly outside: readonly GenerationRef[];
  readonly children: readonly LineageChild[] | null;
};

export type ComparedService = {
  readonly service: string;
  readonly identity: string;
  readonly change: 'added' | 'removed' | 'renamed' | 'changed';
  /** renamed: what it was called. */
  readonly formerName: string | null;
  readonly owners: { readonly before: string | null; readonly after: string | null };
  readonly changes: readonly FieldChange[];
};

/** Two effective graphs, field by field. Sorted by service. */
export type GraphDifference = {
  readonly from: GenerationRef;
  readonly to: GenerationRef;
  /** Of the environments themselves: routing, labels, budget … */
  readonly environment: readonly Omit<FieldChange, 'class'>[];
  readonly services: readonly ComparedService[];
  /** Services that are equal. */
  readonly unchanged: number;
};
