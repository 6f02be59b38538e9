import { compareText } from '@microstax/model/compare';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { effectiveChain } from './effective-graph.ts';

export type ViewInput = {
  /** Root first, the environment itself last. */
  readonly chain: readonly Revision[];
  /** Ancestors, nearest first; empty for a root. */
  readonly lineageEnvs: readonly string[];
  readonly deleted: boolean;
  /** The root's (protocol 15). */
  readonly headerName: string;
};

/** What a lineage decision reads of an environment: its declarations, never its readiness. */
export function environmentView({ chain, lineageEnvs, deleted, headerName }: ViewInput): EnvironmentView {
  const revision = must(chain.at(-1), 'a chain ends with the environment itself');
  const levels = effectiveChain(chain);
  const effective = must(levels.at(-1), 'an environment has an effective graph');
  const buried = buriedIn(levels, effective);
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
    ...(buried.length === 0 ? {} : { buried }),
  };
}

/** Identities that some level of a lineage has and the last one has no more, sorted. */
function buriedIn(levels: readonly EffectiveGraph[], { services }: EffectiveGraph): string[] {
  const alive = new Set(services.map(({ identity }) => identity));
  const seen = levels.flatMap((level) => (level.services === services ? [] : level.services));
  return [...new Set(seen.map(({ identity }) => identity))]
    .filter((identity) => !alive.has(identity))
    .sort(compareText);
}
