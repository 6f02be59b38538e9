import type { PlacementReason } from '@microstax/model/plan';
import { type ComposedView, nameAt } from './composed-view.ts';
import { listed } from './listed.ts';
import { pairPrices } from './placement-problem.ts';
import type { Certificate, Solution } from './solution.ts';

export type Priced = Pick<Solution, 'weights'> & Pick<Certificate, 'stakes'>;

/** Why a service runs here that nothing forces: what is cut is dearer where it is inherited. */
export function spareReason(view: ComposedView, solution: Priced, index: number): PlacementReason {
  const name = nameAt(view, index);
  const payers = solution.stakes.payers(index).map((payer) => nameAt(view, payer));
  const own = solution.weights.local[index] as number;
  const used = payers.length === 0 ? '' : ` for ${listed(payers)}`;
  const text = `${name} runs here because that is cheaper: it costs ${own} micro-dollars over the expected hours, and inheriting it would cost ${atStake(solution, index)}${used}`;
  return { code: 'cheaper-here', text, because: payers };
}

/**
 * What is paid for leaving a service where it is, beside what it would cost here; null where nothing but its route is
 * paid, which the way of the context tells already.
 */
export function dearReason(view: ComposedView, solution: Priced, index: number): PlacementReason | null {
  if (solution.stakes.total(index) === solution.stakes.of(index, pairPrices.indexOf('route'))) return null;
  const text = `a copy of ${nameAt(view, index)} here would cost ${solution.weights.local[index]} micro-dollars over the expected hours and spare ${atStake(solution, index)}`;
  return { code: 'cheaper-there', text };
}

function atStake({ stakes, weights }: Priced, index: number): string {
  const parts = pairPrices.flatMap((price, at) =>
    stakes.of(index, at) > 0 ? [`${stakes.of(index, at)} (${price})`] : [],
  );
  const preferred = weights.remote[index] as number;
  return listed(preferred > 0 ? [...parts, `${preferred} (policy)`] : parts);
}
