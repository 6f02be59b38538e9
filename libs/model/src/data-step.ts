import { sortedBy } from './compare.ts';
import type { Sanitising, SeedSpec, SnapshotSpec } from './revision.ts';

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

/**
 * `shop/nightly sanitised users.email:mask`: two snapshots of one reference bring the same data, and `readSnapshotReference`
 * reads back all that matters for it.
 */
export function snapshotReference({ from, sanitise, unclassified }: SnapshotSpec): string {
  const columns = sortedBy(Object.entries(sanitise ?? {}), ([column]) => column).map(
    ([column, how]) => `${column}:${how}`,
  );
  const name = `${from.env}/${from.name ?? newestSnapshot}`;
  if (sanitise === undefined && unclassified === undefined) return name;
  // Naming no column refuses all of them, which is not the same as not sanitising.
  const rest = unclassified ?? (columns.length === 0 ? 'refuse' : undefined);
  return [name, 'sanitised', ...columns, ...(rest === undefined ? [] : [`${restOfColumns}:${rest}`])].join(' ');
}

/** No snapshot can have this name: it stands for the newest of its environment. */
export const newestSnapshot = 'newest';
const restOfColumns = 'unclassified';

/** The other way of `snapshotReference`; undefined where the text is none. */
export function readSnapshotReference(
  text: string,
): Pick<SnapshotSpec, 'from' | 'sanitise' | 'unclassified'> | undefined {
  const [name = '', sanitised, ...words] = text.split(' ');
  const [env, snapshot, more] = name.split('/');
  if (!env || !snapshot || more !== undefined) return undefined;
  if (sanitised !== undefined && (sanitised !== 'sanitised' || words.length === 0)) return undefined;
  const pairs = words.map((word) => word.split(':') as [string, string?]);
  if (pairs.some(([column, how]) => !column || !isHow(column, how))) return undefined;
  const columns = pairs.filter(([column]) => column !== restOfColumns) as [string, Sanitising][];
  return {
    from: { env, ...(snapshot === newestSnapshot ? {} : { name: snapshot }) },
    ...(sanitised === undefined ? {} : { sanitise: Object.fromEntries(columns) }),
    ...(words.includes(`${restOfColumns}:allow`) ? { unclassified: 'allow' } : {}),
  };
}

const ways: readonly string[] = ['keep', 'mask', 'hash', 'fake', 'redact', 'nullify'] satisfies readonly Sanitising[];

function isHow(column: string, how: string | undefined): boolean {
  return column === restOfColumns ? how === 'allow' || how === 'refuse' : how !== undefined && ways.includes(how);
}

/** `payments-core@3`, or the name where no version is said. */
export function seedReference({ name, version }: SeedSpec): string {
  return version === undefined ? name : `${name}@${version}`;
}

/** Whether a snapshot or a seed is meant for a stateful service: named, or where none is named all of them. */
export function isMeantFor(service: string, { services }: Pick<SnapshotSpec, 'services'>): boolean {
  return services === undefined || services.includes(service);
}
