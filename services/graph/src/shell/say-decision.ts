import { keepOpened } from '@microstax/contracts/bundle';
import type { DeriveDecision } from '../core/derive.ts';
import { environmentWasRevised, revisionWasOutdated, revisionWasRefused, revisionWasUnchanged } from '../events.ts';
import type { Graph } from './graph.ts';

/** Tells what became of a derivation, in the log and on the active span. */
export function sayDecision(
  { log }: Pick<Graph, 'log'>,
  about: { readonly org: string; readonly env: string },
  decision: DeriveDecision,
): void {
  const { org, env } = about;
  switch (decision.kind) {
    case 'revised':
      keepOpened(decision.artifacts);
      environmentWasRevised(log, {
        org,
        env,
        generation: decision.activation.generation,
        cause: decision.activation.cause.kind,
      });
      return;
    case 'unchanged':
      revisionWasUnchanged(log, { org, env, generation: decision.generation });
      return;
    case 'refused':
      revisionWasRefused(log, { org, env, findings: decision.findings });
      return;
    case 'outdated':
      revisionWasOutdated(log, { org, env, newer: decision.newer });
      return;
    case 'answered':
      return;
  }
}
