import type { Digest } from './digest.ts';
import type { EnvironmentMode, LinkKind } from './revision.ts';
import type { ServiceSpec } from './service-spec.ts';

/** A service of an environment once its lineage is composed. */
export type EffectiveService = {
  readonly name: string;
  readonly identity: string;
  readonly spec: ServiceSpec;
  readonly specDigest: Digest;
  /** The nearest environment that added or changed it. */
  readonly owner: string;
};

/** What an environment amounts to; sorted by name. */
export type EffectiveGraph = {
  readonly env: string;
  readonly mode: EnvironmentMode;
  readonly services: readonly EffectiveService[];
  readonly link?: LinkKind;
};
