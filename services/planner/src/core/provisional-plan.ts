import { sealArtifact } from '@microstax/model/artifact';
import type { Candidate, ComposedService, Composition } from '@microstax/model/composition';
import type { Difference, ServiceDifference } from '@microstax/model/difference';
import type { PlanInput } from './plan.ts';

export type Provision = {
  /** Services that are going to be changed. */
  readonly predicted: readonly string[];
  /** An overlay that is going to derive from the environment; null: the environment itself is going to change. */
  readonly overlay: string | null;
};

/** The pointer of a change that is only predicted. */
const predictedPointer = '/predicted';

/**
 * What the planner would be asked if the predicted services were changed: in the environment of the input, or in a new
 * overlay on it. Everything else is as the input says, so that a plan of it differs by the prediction alone.
 */
export function provisionalInput(input: PlanInput, { predicted, overlay }: Provision): PlanInput {
  const composition = overlay === null ? input.composition.value : overlayComposition(input.composition.value, overlay);
  const services =
    overlay === null ? input.difference.value.services : composition.services.flatMap((service) => unchanged(service));
  const changed = new Set(predicted);
  const difference: Difference = {
    env: composition.env,
    parent: overlay === null ? input.difference.value.parent : input.composition.value.env,
    derivation: input.derivation.digest,
    services: services.map((one) => (changed.has(one.service) ? predictedDifference(one) : one)),
  };
  return {
    ...input,
    derivation: sealArtifact('derivation', { ...input.derivation.value, env: composition.env, wanted: 'running' }),
    composition: sealArtifact('composition', composition),
    difference: sealArtifact('difference', difference),
  };
}

/** What composition an overlay that declares nothing has: it inherits whatever its parent runs or inherits itself. */
function overlayComposition(parent: Composition, env: string): Composition {
  const services = parent.services.filter(({ removed }) => !removed).map((service) => inherited(service, parent));
  return { ...parent, env, mode: 'overlay', ancestors: [parent.env, ...parent.ancestors], services };
}

function inherited(service: ComposedService, { env, root }: Composition): ComposedService {
  if (service.owner !== env && service.remote !== null) return service;
  const eligible = service.spec.sharing !== 'deny';
  const own: Candidate = {
    env,
    service: service.name,
    specDigest: service.specDigest,
    tier: env === root ? 'baseline' : 'inherited ancestor',
    eligible,
    reason: eligible ? `${env} declares it` : 'its sharing is "deny"',
    ...(eligible ? {} : { code: 'sharing-denied' }),
  };
  return { ...service, candidates: [own, ...service.candidates], remote: eligible ? own : service.remote };
}

function unchanged({ name, identity }: ComposedService): ServiceDifference[] {
  return [
    { service: name, identity, state: 'unchanged', declared: false, changes: [], reason: 'not predicted to change' },
  ];
}

function predictedDifference(difference: ServiceDifference): ServiceDifference {
  if (difference.state === 'added' || difference.state === 'removed') return difference;
  const change = { pointer: predictedPointer, class: 'behaviour', before: null, after: null } as const;
  return {
    ...difference,
    state: 'changed',
    declared: true,
    changes: [...difference.changes, change],
    reason: 'predicted to change',
  };
}
