import { compareText } from '@microstax/model/compare';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
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
  const buried = buriedIn(chain, levels);
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

/**
 * Identities that some level of a lineage has and the last one has no more, sorted. Only what a level declares itself can
 * end one, so a large baseline is not walked for it.
 */
function buriedIn(chain: readonly Revision[], levels: readonly EffectiveGraph[]): string[] {
  const ended = new Set<string>();
  for (const [depth, { services }] of chain.entries()) {
    const above = levels[depth - 1];
    if (above === undefined) continue;
    for (const declaration of services) {
      const before = serviceOf(above, declaration.name);
      if (before === undefined) continue;
      if (declaration.kind === 'remove' || declaration.identity !== before.identity) ended.add(before.identity);
    }
  }
  if (ended.size > 0) for (const { identity } of levels.at(-1)?.services ?? []) ended.delete(identity);
  return [...ended].sort(compareText);
}

/** Services are sorted by name. */
function serviceOf({ services }: EffectiveGraph, name: string): EffectiveService | undefined {
  let [low, high] = [0, services.length - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = services[middle];
    if (found === undefined || found.name === name) return found;
    if (compareText(found.name, name) < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
