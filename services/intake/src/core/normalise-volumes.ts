import { canonicalJson } from '@microstax/model/canonical-json';
import { sortedBy } from '@microstax/model/compare';
import type { VolumeSpec, VolumeType } from '@microstax/model/volume-spec';
import type { WrittenService } from './blueprint-schema.ts';
import type { WrittenVolume } from './data-schema.ts';
import type { Path } from './located.ts';
import type { Problem } from './problem.ts';
import { quantityBytes } from './quantities.ts';
import { quote } from './quote.ts';
import { sortedRecord } from './sorted-record.ts';

const defaultSizeBytes = 1024 ** 3;

/** Volumes with type, size and mode explicit, sorted by name and place; undefined where there are none. */
export function normaliseVolumes(
  { volumes }: WrittenService,
  path: Path,
): { readonly value: readonly VolumeSpec[] | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const specs = volumes.map((volume, index) => normaliseVolume(volume, [...path, 'volumes', index], problems));
  problems.push(...checkTogether(specs, path));
  return {
    value: specs.length === 0 ? undefined : sortedBy(specs, ({ name, mountPath }) => `${name} ${mountPath}`),
    problems,
  };
}

function normaliseVolume(written: WrittenVolume, path: Path, problems: Problem[]): VolumeSpec {
  const { name, mountPath, type, subPath, source, files } = written;
  problems.push(...checkFields(written, path));
  return {
    name,
    mountPath: mountPath.length > 1 ? mountPath.replace(/\/+$/, '') : mountPath,
    type,
    readOnly: written.readOnly ?? (type === 'config' || type === 'secret'),
    ...(subPath === undefined ? {} : { subPath }),
    ...(type === 'pvc' ? { sizeBytes: sizeOf(written, path, problems) } : {}),
    ...(source === undefined ? {} : { source }),
    ...(files === undefined ? {} : { files: sortedRecord(files) }),
  };
}

function sizeOf({ size }: WrittenVolume, path: Path, problems: Problem[]): number {
  if (size === undefined) return defaultSizeBytes;
  const bytes = quantityBytes(size);
  if (bytes !== undefined && bytes > 0) return bytes;
  problems.push({
    code: 'bad-quantity',
    path: [...path, 'size'],
    reason: `found ${quote(String(size))}, expected a quantity such as 10Gi, 512Mi or bytes, at least 1`,
  });
  return defaultSizeBytes;
}

/** Which fields a volume of some type takes, and which it needs. */
const fieldsOf: Readonly<Record<VolumeType, { readonly takes: readonly string[]; readonly needs: readonly string[] }>> =
  {
    pvc: { takes: ['size'], needs: [] },
    empty: { takes: [], needs: [] },
    bind: { takes: ['source'], needs: ['source'] },
    config: { takes: ['source', 'files'], needs: ['source', 'files'] },
    secret: { takes: ['source'], needs: ['source'] },
  };

function checkFields(written: WrittenVolume, path: Path): Problem[] {
  const { takes, needs } = fieldsOf[written.type];
  const stated = (['size', 'source', 'files'] as const).filter((field) => written[field] !== undefined);
  const meaningless = stated
    .filter((field) => !takes.includes(field))
    .map(
      (field): Problem => ({
        code: 'volume-field',
        path: [...path, field],
        mark: 'key',
        reason: `a volume of type ${quote(written.type)} has no ${quote(field)}`,
        next: 'leave it out, or choose another type',
      }),
    );
  const given = needs.filter((field) => stated.some((one) => one === field));
  if (needs.length === 0 || given.length === 1) return meaningless;
  return [
    ...meaningless,
    {
      code: 'volume-field',
      path,
      reason: `a volume of type ${quote(written.type)} needs ${given.length > 1 ? 'only one of ' : ''}${needs.map((field) => quote(field)).join(' or ')}`,
      next: given.length > 1 ? 'keep one of them' : 'say where its files come from',
    },
  ];
}

/** One place has one volume; volumes of one name are one volume, which may be seen at several places. */
function checkTogether(specs: readonly VolumeSpec[], path: Path): Problem[] {
  const places = new Set<string>();
  const named = new Map<string, string>();
  return specs.flatMap((spec, index) => {
    const { name, mountPath, readOnly: _mode, subPath: _part, ...kind } = spec;
    const meaning = canonicalJson({ ...kind });
    const problems: Problem[] = [];
    if (places.has(mountPath))
      problems.push({
        code: 'duplicate-mount',
        path: [...path, 'volumes', index, 'mountPath'],
        reason: `another volume is mounted at ${quote(mountPath)} already`,
        next: 'give each volume a place of its own',
      });
    if ((named.get(name) ?? meaning) !== meaning)
      problems.push({
        code: 'duplicate-volume',
        path: [...path, 'volumes', index, 'name'],
        reason: `volume ${quote(name)} is declared twice, and not as the same`,
        next: 'give it another name, or the same type, size, source and files',
      });
    places.add(mountPath);
    named.set(name, named.get(name) ?? meaning);
    return problems;
  });
}
