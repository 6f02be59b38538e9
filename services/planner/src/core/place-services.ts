import type { Candidate, ComposedService } from '@microstax/model/composition';
import type { Finding } from '@microstax/model/finding';
import type { Placement, PlacementKind, PlacementReason } from '@microstax/model/plan';
import { runDigest } from '@microstax/model/service-spec';
import { type Closure, closureOf } from './closure.ts';
import { type ComposedView, serviceAt } from './composed-view.ts';
import { contradictionsOf } from './contradictions.ts';
import type { Flow } from './flows.ts';
import { contextNode, implicationsOf, localNode } from './implications.ts';
import { carriesReason, impliedReason, remoteReason, unwantedReason } from './placement-reasons.ts';
import type { Requirements } from './requirements.ts';

/** A placement before its price. */
export type Placed = Omit<Placement, 'costMicrosPerHour'>;

export type PlaceDecision =
  | { readonly kind: 'placed'; readonly placed: readonly Placed[] }
  | { readonly kind: 'contradiction'; readonly findings: readonly Finding[] };

/**
 * Where every service runs: what must be local, and what follows from it. Exact, and the least local answer, which is
 * unique (design 5.3). A contradiction is a value that names the shortest chain of requirements.
 */
export function placeServices(
  view: ComposedView,
  requirements: readonly Requirements[],
  flows: readonly Flow[],
): PlaceDecision {
  // Protocol 14: stopped or deleted, `local` is no candidate.
  if (view.wanted === 'stopped' || view.wanted === 'deleted')
    return { kind: 'placed', placed: view.services.map((service) => placeUnwanted(view, service)) };
  const closure = closureOf({
    nodes: 2 * view.services.length,
    implications: implicationsOf(view, requirements, flows),
    facts: factsOf(view, requirements),
    stops: (node) => clashes(requirements, node),
  });
  const findings = contradictionsOf(view, requirements, closure);
  if (findings.length > 0) return { kind: 'contradiction', findings };
  const placed = view.services.map((_, index) => placeOne(view, requirements, closure, index));
  return { kind: 'placed', placed };
}

function factsOf(view: ComposedView, requirements: readonly Requirements[]): number[] {
  const local = [...view.services.keys()].filter((index) => (requirements[index]?.local.length ?? 0) > 0);
  const overridden = view.derived ? [...view.services.keys()].filter((index) => isOverridden(view, index)) : [];
  return [...local.map(localNode), ...overridden.map(contextNode)].sort((a, b) => a - b);
}

/** Whether the root's own instance is not the answer, wherever the service runs. */
function isOverridden(view: ComposedView, index: number): boolean {
  const { removed, remote } = serviceAt(view, index);
  if (removed) return true;
  return remote !== null && (remote.tier === 'explicit provider mapping' || remote.env !== view.root);
}

function clashes(requirements: readonly Requirements[], node: number): boolean {
  return node % 2 === 0 && (requirements[node >> 1]?.remote.length ?? 0) > 0;
}

function placeOne(view: ComposedView, requirements: readonly Requirements[], closure: Closure, index: number): Placed {
  const service = serviceAt(view, index);
  const facts = requirements[index] as Requirements;
  const carriesContext = closure.holds(contextNode(index));
  if (facts.absent !== null) return deny(service, facts.absent, carriesContext, absentReasons(service, facts));
  if (closure.holds(localNode(index))) {
    const reasons = facts.local.length > 0 ? facts.local : [impliedReason(view, closure, index)];
    return { ...identified(service), kind: 'local', carriesContext, reasons };
  }
  const reason = facts.remote.find(({ code }) => code === 'sharing-required') ?? remoteReason(view, index);
  const reasons = carriesContext ? [reason, carriesReason(view, closure, index)] : [reason];
  return inherit(service, service.remote as Candidate, carriesContext, reasons);
}

function placeUnwanted(view: ComposedView, service: ComposedService): Placed {
  if (service.removed) return deny(service, 'removed', false, [removedReason(service)]);
  const reasons = [unwantedReason(view, service)];
  if (service.remote === null) return deny(service, 'not-wanted', false, reasons);
  return inherit(service, service.remote, false, reasons);
}

const kinds: Readonly<Record<Candidate['tier'], PlacementKind>> = {
  'explicit provider mapping': 'external',
  'inherited ancestor': 'inherited',
  baseline: 'inherited',
  'shared provider pool': 'shared',
};

function inherit(
  service: ComposedService,
  remote: Candidate,
  carriesContext: boolean,
  reasons: readonly PlacementReason[],
): Placed {
  const provider = { env: remote.env, service: remote.service, specDigest: remote.specDigest };
  return { ...identified(service), kind: kinds[remote.tier], carriesContext, provider, reasons };
}

function deny(
  service: ComposedService,
  code: string,
  carriesContext: boolean,
  reasons: readonly PlacementReason[],
): Placed {
  return { ...identified(service), kind: 'denied', carriesContext, code, reasons };
}

function absentReasons(service: ComposedService, facts: Requirements): readonly PlacementReason[] {
  if (facts.absent === 'removed') return [removedReason(service)];
  const text = `${service.name} is optional, no environment offers it, and it cannot run here`;
  return [{ code: 'no-provider', text }, ...facts.remote];
}

function removedReason({ name, owner }: ComposedService): PlacementReason {
  return { code: 'removed', text: `${name} is taken away in ${owner}` };
}

function identified({ name, identity, spec, specDigest }: ComposedService) {
  return { service: name, identity, specDigest, runDigest: runDigest(spec) };
}
