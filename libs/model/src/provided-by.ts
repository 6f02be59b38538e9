import { addressText } from './external-address.ts';
import type { Placement } from './plan.ts';

/** The environment, or the address outside, that a remote placement leads to; null where it is local or denied. */
export function providedBy({ provider, external }: Pick<Placement, 'provider' | 'external'>): string | null {
  return external === undefined ? (provider?.env ?? null) : addressText(external);
}
