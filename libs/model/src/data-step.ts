import { sortedBy } from './compare.ts';
import type { SeedSpec, SnapshotSpec } from './revision.ts';

/** What is done to the data of a stateful service before others use it. */
export type DataStepKind = 'restore' | 'seed';

/** A step that was done to the data that a service has, as the journal tells it. */
export type AppliedData = {
  readonly service: string;
  readonly step: DataStepKind;
  /** `snapshotReference` or `seedReference`: what was applied. */
  readonly reference: string;
  /** The entry of the environment's journal that says so. */
  readonly entry: number;
};

/** `shop/nightly sanitised users.email:mask`: two snapshots of one reference bring the same data. */
export function snapshotReference({ from, sanitise = {} }: SnapshotSpec): string {
  const columns = sortedBy(Object.entries(sanitise), ([column]) => column).map(([column, how]) => `${column}:${how}`);
  const name = `${from.env}/${from.name ?? 'newest'}`;
  return columns.length === 0 ? name : `${name} sanitised ${columns.join(' ')}`;
}

/** `payments-core@3`, or the name where no version is said. */
export function seedReference({ name, version }: SeedSpec): string {
  return version === undefined ? name : `${name}@${version}`;
}

/** Whether a snapshot or a seed is meant for a stateful service: named, or where none is named all of them. */
export function isMeantFor(service: string, { services }: Pick<SnapshotSpec, 'services'>): boolean {
  return services === undefined || services.includes(service);
}
