import { defaultPrices, type Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { ComposedView } from './composed-view.ts';
import { type PlacementProblem, pairPrices } from './placement-problem.ts';
import type { Weights } from './solve-placement.ts';
import type { Verdicts } from './verdicts.ts';

/** What a candidate minimises: money alone, or money with the weights that are none. */
export type Objective = 'money' | 'balance';

export type WeightsOptions = {
  readonly verdicts: Verdicts;
  /** By service: its money an hour. */
  readonly services: Float64Array;
  readonly objective: Objective;
};

/** Prices over the expected hours, in whole micro-dollars; a sleeping environment is placed as it would run. */
export function weightsOf(
  view: ComposedView,
  { prices, expectedHours }: Facts,
  { verdicts, services, objective }: WeightsOptions,
): Weights {
  const over = (microsPerHour: number): number => Math.round(microsPerHour * expectedHours);
  const balance = objective === 'balance' ? 1 : 0;
  const start = balance * (prices.startMicros ?? defaultPrices.startMicros ?? 0);
  const route = balance * over(prices.routeHourMicros ?? defaultPrices.routeHourMicros ?? 0);
  const write = balance * over(prices.sharedWriteHourMicros ?? defaultPrices.sharedWriteHourMicros ?? 0);
  const local = services.map((micros) => over(micros) + start);
  const remote = new Float64Array(view.services.length);
  if (balance === 1)
    for (const { service, placement, microsPerHour } of verdicts.preferences) {
      const side = placement === 'local' ? remote : local;
      const at = view.indexOf.get(service);
      if (at !== undefined) side[at] = (side[at] as number) + over(microsPerHour);
    }
  const pairs = { bridge: over(prices.bridgeHourMicros), 'shared write': write, route };
  return { local, remote, pairs: pairPrices.map((price) => pairs[price]) };
}

/** While the most that any assignment can cost is a safe integer, every sum on the way is exact. */
export function pricesTooLarge(
  view: ComposedView,
  { priced }: PlacementProblem,
  { local, remote, pairs }: Weights,
): Finding | null {
  const unary = local.reduce((sum, micros, at) => sum + micros + (remote[at] as number), 0);
  const most = unary + priced.heads.length * Math.max(...pairs);
  if (most <= Number.MAX_SAFE_INTEGER) return null;
  return {
    severity: 'error',
    code: 'prices-too-large',
    subject: view.env,
    reason: `everything in ${view.env} together may cost more than ${Number.MAX_SAFE_INTEGER} micro-dollars, which is the most that is added up exactly`,
    next: 'check the resources that are declared, and the price table',
  };
}
