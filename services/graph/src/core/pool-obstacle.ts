import type { PoolTerms } from '@microstax/model/revision';
import type { Scene } from './composition-scene.ts';
import type { Obstacle } from './provider-bars.ts';

/** What `routing.pools` asks of a pool and it does not have: labels, or a place that is free. */
export function poolObstacle(pool: string, { own, known, poolHolders }: Scene): Obstacle | null {
  const { poolTerms = {} } = own.routing;
  const terms: PoolTerms = (Object.hasOwn(poolTerms, pool) ? poolTerms[pool] : undefined) ?? {};
  const labels = known.get(pool)?.labels ?? {};
  for (const [label, wanted] of Object.entries(terms.labels ?? {})) {
    const found = Object.hasOwn(labels, label) ? labels[label] : undefined;
    if (found === wanted) continue;
    const what = found === undefined ? `has no label "${label}"` : `has "${found}" as label "${label}"`;
    return { code: 'labels-differ', reason: `"${pool}" ${what}, wanted is "${wanted}"` };
  }
  const holders = poolHolders.get(pool) ?? 0;
  if (terms.capacity === undefined || holders < terms.capacity) return null;
  return { code: 'pool-full', reason: `"${pool}" is held by ${holders} others, its capacity is ${terms.capacity}` };
}
