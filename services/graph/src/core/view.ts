import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import type { Revision } from '@microstax/model/revision';

export type ViewInput = {
  readonly revision: Revision;
  /** Ancestors, nearest first; empty for a root. */
  readonly lineageEnvs: readonly string[];
  readonly effective: EffectiveGraph;
  readonly deleted: boolean;
  /** The root's (protocol 15). */
  readonly headerName: string;
};

/** What a lineage decision reads of an environment: its declarations, never its readiness. */
export function environmentView({ revision, lineageEnvs, effective, deleted, headerName }: ViewInput): EnvironmentView {
  return {
    env: revision.env,
    mode: revision.mode,
    project: revision.project,
    deleted,
    ancestors: lineageEnvs,
    root: lineageEnvs.at(-1) ?? revision.env,
    value: revision.routing.value,
    headerName,
    services: effective.services.map(({ name, identity, spec }) => ({ name, identity, ports: spec.ports })),
  };
}
