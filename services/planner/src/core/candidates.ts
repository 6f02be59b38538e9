import type { Cost, PlanCandidate } from '@microstax/model/plan';
import { type ComposedView, nameAt, serviceAt } from './composed-view.ts';
import { counted, listed } from './listed.ts';
import type { Placed } from './place-services.ts';
import type { Requirements } from './requirements.ts';

/** The winner, and the two that it stands between, with what they cost and why they lost. */
export function candidatesOf(
  view: ComposedView,
  requirements: readonly Requirements[],
  placed: readonly Placed[],
  cost: Cost,
): readonly PlanCandidate[] {
  return [sparse(view, placed, cost), fullCopy(view, requirements, cost), inheritEverything(view, placed, cost)];
}

function localNames(placed: readonly Placed[]): string[] {
  return placed.filter(({ kind }) => kind === 'local').map(({ service }) => service);
}

function sparse(view: ComposedView, placed: readonly Placed[], cost: Cost): PlanCandidate {
  const local = localNames(placed);
  const share = `${local.length} of ${counted(placed.length, 'service')}`;
  const reason =
    view.wanted === 'running' || view.wanted === 'asleep'
      ? `the fewest services that satisfy every requirement: ${share} here`
      : `the environment is wanted ${view.wanted}: none of ${counted(placed.length, 'service')} here`;
  return { name: 'sparse', chosen: true, feasible: true, microsPerHour: cost.microsPerHour, reason };
}

function fullCopy(view: ComposedView, requirements: readonly Requirements[], cost: Cost): PlanCandidate {
  const hindered = [...view.services.keys()].filter(
    (index) => !serviceAt(view, index).removed && (requirements[index]?.remote.length ?? 0) > 0,
  );
  const price = { microsPerHour: cost.fullCopyMicrosPerHour };
  const name = 'full copy';
  if (hindered.length > 0) {
    const reason = `${listed(hindered.map((index) => nameAt(view, index)))} cannot be copied: ${requirements[hindered[0] as number]?.remote[0]?.text}`;
    return { name, chosen: false, feasible: false, ...price, reason };
  }
  const more = cost.savedMicrosPerHour;
  const reason =
    more > 0
      ? `it costs ${more} micro-dollars an hour more and answers nothing that the winner does not`
      : 'it is what the winner is: every service has to run here';
  return { name, chosen: false, feasible: true, ...price, reason };
}

function inheritEverything(view: ComposedView, placed: readonly Placed[], cost: Cost): PlanCandidate {
  const local = placed.filter(({ kind }) => kind === 'local');
  const name = 'inherit everything';
  const first = local[0]?.reasons[0];
  if (first === undefined)
    return {
      name,
      chosen: false,
      feasible: true,
      microsPerHour: cost.microsPerHour,
      reason: 'it is what the winner is: nothing has to run here',
    };
  const others = local.length > 1 ? ` (and ${counted(local.length - 1, 'more service')})` : '';
  const reason = view.derived
    ? `${first.text}${others}`
    : `${view.env} derives from no other environment: there is nobody to inherit from`;
  return { name, chosen: false, feasible: false, microsPerHour: null, reason };
}
