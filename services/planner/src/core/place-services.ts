import type { Candidate, ComposedService } from '@microstax/model/composition';
import type { Placement, PlacementKind, PlacementReason } from '@microstax/model/plan';
import { runDigest } from '@microstax/model/service-spec';
import { type ComposedView, serviceAt } from './composed-view.ts';
import { contextNode, localNode } from './implications.ts';
import { carriesReason, impliedReason, remoteReason, unwantedReason } from './placement-reasons.ts';
import { dearReason, spareReason } from './price-reasons.ts';
import type { Requirements } from './requirements.ts';
import type { Certificate, Solution } from './solution.ts';

/** A placement before its price. */
export type Placed = Omit<Placement, 'costMicrosPerHour'>;

/** Where every service runs in one solution, each with the reasons that decided it. In the order of names. */
export function placeServices(view: ComposedView, solution: Solution, certificate: Certificate): readonly Placed[] {
  const decided = { ...solution, ...certificate };
  return view.services.map((_, index) => placeOne(view, decided, index));
}

/** Protocol 14: stopped or deleted, `local` is no candidate. */
export function placeNowhere(view: ComposedView): readonly Placed[] {
  return view.services.map((service) => placeUnwanted(view, service));
}

function placeOne(view: ComposedView, solution: Solution & Certificate, index: number): Placed {
  const service = serviceAt(view, index);
  const { requirements, because } = solution;
  const facts = requirements[index] as Requirements;
  const carriesContext = solution.holds[contextNode(index)] === 1;
  if (facts.absent !== null) return deny(service, facts.absent, carriesContext, absentReasons(service, facts));
  if (solution.holds[localNode(index)] === 1) {
    const priced = because.distance(localNode(index)) === 0;
    const reason = (): PlacementReason =>
      priced ? spareReason(view, solution, index) : impliedReason(view, because, index);
    return {
      ...identified(service),
      kind: 'local',
      carriesContext,
      reasons: facts.local.length > 0 ? facts.local : [reason()],
    };
  }
  const forced = facts.remote.find(({ code }) => code === 'sharing-required' || code === 'policy-forbids');
  const reasons = [forced ?? remoteReason(view, index)];
  if (carriesContext) reasons.push(carriesReason(view, because, index));
  const dear = facts.remote.length === 0 ? dearReason(view, solution, index) : null;
  if (dear !== null) reasons.push(dear);
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
  const { external } = remote;
  if (external !== undefined) return { ...identified(service), kind: 'external', carriesContext, external, reasons };
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
