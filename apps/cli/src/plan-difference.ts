import { compareText } from '@microstax/model/compare';
import type { Placement, Plan } from '@microstax/model/plan';
import { providedBy } from '@microstax/model/provided-by';

/** What one plan would change against another, service by service; sorted by service. */
export type PlannedChange = {
  readonly service: string;
  readonly change: 'added' | 'removed' | 'renamed' | 'placed anew' | 'changed' | 'unchanged';
  readonly before: string | null;
  readonly after: string | null;
};

/**
 * Compares placements and what runs; equal plans give `unchanged` only. A service that goes on under another name, as
 * its identity says, is one line under the new one.
 */
export function planDifference(before: Plan | null, after: Plan): PlannedChange[] {
  const old = new Map((before?.placements ?? []).map((placement) => [placement.service, placement]));
  const now = new Map(after.placements.map((placement) => [placement.service, placement]));
  const formerOf = formerPlacements(old, now);
  const former = new Set([...formerOf.values()].map(({ service }) => service));
  const services = [...new Set([...old.keys(), ...now.keys()])].filter((service) => !former.has(service));
  return services.sort(compareText).map((service) => {
    const renamed = formerOf.get(service);
    if (renamed === undefined) return changeOf(service, old.get(service), now.get(service));
    const after = now.get(service);
    return {
      service,
      change: 'renamed',
      before: `${renamed.service}: ${where(renamed)}`,
      after: after ? where(after) : null,
    };
  });
}

/** By new name, what it was: the same identity under a name that is gone, or denied because it was taken away. */
function formerPlacements(
  old: ReadonlyMap<string, Placement>,
  now: ReadonlyMap<string, Placement>,
): ReadonlyMap<string, Placement> {
  const isGone = ({ service }: Placement): boolean => (now.get(service)?.code ?? 'removed') === 'removed';
  const gone = new Map([...old.values()].filter(isGone).map((placement) => [placement.identity, placement]));
  return new Map(
    [...now.values()].flatMap((placement): [string, Placement][] => {
      const former = old.has(placement.service) ? undefined : gone.get(placement.identity);
      return former === undefined || former.code === 'removed' ? [] : [[placement.service, former]];
    }),
  );
}

function changeOf(service: string, before: Placement | undefined, after: Placement | undefined): PlannedChange {
  const sides = { service, before: before ? where(before) : null, after: after ? where(after) : null };
  if (before === undefined) return { ...sides, change: 'added' };
  if (after === undefined) return { ...sides, change: 'removed' };
  if (sides.before !== sides.after) return { ...sides, change: 'placed anew' };
  return { ...sides, change: before.specDigest === after.specDigest ? 'unchanged' : 'changed' };
}

function where(placement: Placement): string {
  const { kind, code } = placement;
  const by = providedBy(placement);
  return `${kind}${by ? ` from ${by}` : ''}${code ? ` (${code})` : ''}`;
}
