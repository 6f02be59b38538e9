import type { Artifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Revision } from '@microstax/model/revision';
import { engine } from './engine.ts';
import { resolveRecords } from './resolve-records.ts';
import { routeContext } from './route-context.ts';

export type ResolveInput = {
  readonly revision: Artifact<Revision>;
  readonly composition: Artifact<Composition>;
  readonly plan: Artifact<Plan>;
};

/**
 * Where requests for every service of an environment go, and why. Holds neither address nor generation, so that an
 * unchanged service keeps the bytes of its record (design 5.4).
 */
export function resolve({ revision, composition, plan }: ResolveInput): Resolution {
  const { records, findings } = resolveRecords(composition.value, plan.value);
  return {
    org: plan.value.org,
    env: plan.value.env,
    engine,
    plan: plan.digest,
    composition: composition.digest,
    context: routeContext(revision.value, composition.value),
    records,
    findings: [...foreignComposition(composition, plan), ...findings],
  };
}

function foreignComposition(composition: Artifact<Composition>, plan: Artifact<Plan>): Finding[] {
  const { env, composition: planned } = plan.value;
  if (planned === composition.digest) return [];
  const reason = `the plan of ${env} was made from composition ${planned}, but ${composition.digest} came with it`;
  return [
    { severity: 'error', code: 'plan-disagrees', subject: env, reason, next: 'plan the environment again: msx retry' },
  ];
}
