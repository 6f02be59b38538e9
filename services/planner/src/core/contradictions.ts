import type { Finding } from '@microstax/model/finding';
import { must } from '@microstax/model/must';
import type { PlacementReason } from '@microstax/model/plan';
import type { Closure } from './closure.ts';
import { type ComposedView, nameAt } from './composed-view.ts';
import { type Implication, isLocalNode, localNode, serviceOf } from './implications.ts';
import { listed } from './listed.ts';
import { dependencyPhrase, dropping, overriding } from './placement-reasons.ts';
import type { Requirements } from './requirements.ts';

const contradictionsMax = 20; // a person resolves them one by one, and the shortest explain the others
const chainLengthMax = 50; // of a longer chain the end is named, where the services clash

/**
 * Services that must run here and must not, each with its shortest chain of requirements; the shortest of all first.
 * Nothing follows from a service that clashes, so no finding is the mere consequence of another.
 */
export function contradictionsOf(
  view: ComposedView,
  requirements: readonly Requirements[],
  closure: Closure,
): readonly Finding[] {
  const distance = (index: number): number => closure.distance(localNode(index));
  return [...view.services.keys()]
    .filter((index) => closure.holds(localNode(index)) && (requirements[index]?.remote.length ?? 0) > 0)
    .sort((a, b) => distance(a) - distance(b) || a - b)
    .slice(0, contradictionsMax)
    .map((index) => contradiction(view, requirements, closure, index));
}

function contradiction(
  view: ComposedView,
  requirements: readonly Requirements[],
  closure: Closure,
  index: number,
): Finding {
  const name = nameAt(view, index);
  const start = startOf(view, requirements, closure.origin(localNode(index)));
  const chain = closure.chain(localNode(index), chainLengthMax);
  const against = must(requirements[index]?.remote[0], 'what clashes must be remote');
  const steps = [start, ...chain.flatMap((step) => stepText(view, step))];
  return {
    severity: 'error',
    code: 'contradiction',
    subject: name,
    reason: `${name} must run here and cannot: ${steps.join('; ')}; but ${against.text}`,
    next: remedy(name, against),
    evidence: { chain: [...steps, against.text].join(' ⇒ '), requirements: steps.length + 1 },
  };
}

function stepText(view: ComposedView, { rule, flow, premise, conclusion }: Implication): string[] {
  const to = nameAt(view, serviceOf(conclusion));
  switch (rule) {
    case 'local is overridden':
      return [];
    case 'queue follows consumer':
      return [`${nameAt(view, serviceOf(premise))} consumes from ${to}, so ${to} must run here too`];
    case 'consumer follows queue':
      return [`${to} consumes from ${nameAt(view, serviceOf(premise))}, so ${to} must run here too`];
    case 'cannot be bridged':
      return [`${nameAt(view, serviceOf(premise))} reaches ${to} over udp, so ${to} must run here too`];
    case 'cannot be told apart': {
      const told = must(flow, 'a context rule has its flow');
      const phrase = `${dependencyPhrase(view, told)} over ${told.protocol}, which is passed through to one target`;
      return [`${phrase}, so ${to} must run here too`];
    }
    case 'context passes on':
      return [`requests reach ${nameAt(view, serviceOf(premise))} by ${to}, which must carry the context`];
    case 'context is dropped':
      return [`${dropping(view, must(flow, 'a context rule has its flow'))}, so ${to} must run here too`];
  }
}

function startOf(view: ComposedView, requirements: readonly Requirements[], fact: number): string {
  const index = serviceOf(fact);
  if (!isLocalNode(fact)) return overriding(view, index);
  return must(requirements[index]?.local[0], 'a local fact has its reason').text;
}

function remedy(name: string, against: PlacementReason): string {
  if (against.code === 'sharing-required')
    return `set sharing.inherit of ${name} to "allow" where it is declared, or take back what forces it to run here`;
  if (against.code === 'policy-forbids')
    return `ask whoever keeps ${listed(against.because ?? [])}, or take back what forces ${name} to run here`;
  return `give ${name} a run.command, or mark the dependencies on it with required: false`;
}
