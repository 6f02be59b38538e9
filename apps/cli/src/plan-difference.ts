import { compareText } from '@microstax/model/compare';
import type { Placement, Plan } from '@microstax/model/plan';

/** What one plan would change against another, service by service; sorted by service. */
export type PlannedChange = {
  readonly service: string;
  readonly change: 'added' | 'removed' | 'placed anew' | 'changed' | 'unchanged';
  readonly before: string | null;
  readonly after: string | null;
};

/** Compares placements and what runs; equal plans give `unchanged` only. */
export function planDifference(before: Plan | null, after: Plan): PlannedChange[] {
  const old = new Map((before?.placements ?? []).map((placement) => [placement.service, placement]));
  const now = new Map(after.placements.map((placement) => [placement.service, placement]));
  const services = [...new Set([...old.keys(), ...now.keys()])].sort(compareText);
  return services.map((service) => changeOf(service, old.get(service), now.get(service)));
}

function changeOf(service: string, before: Placement | undefined, after: Placement | undefined): PlannedChange {
  const sides = { service, before: before ? where(before) : null, after: after ? where(after) : null };
  if (before === undefined) return { ...sides, change: 'added' };
  if (after === undefined) return { ...sides, change: 'removed' };
  if (sides.before !== sides.after) return { ...sides, change: 'placed anew' };
  return { ...sides, change: before.specDigest === after.specDigest ? 'unchanged' : 'changed' };
}

function where({ kind, provider, code }: Placement): string {
  return `${kind}${provider ? ` from ${provider.env}` : ''}${code ? ` (${code})` : ''}`;
}
