import { sortedBy } from '@microstax/model/compare';
import type { ResidencySpec, Revision, Sanitising, SeedSpec, SnapshotSpec } from '@microstax/model/revision';
import type { WrittenHeader } from './blueprint-schema.ts';
import type { WrittenSeed, WrittenSnapshot } from './data-schema.ts';
import { durationSeconds } from './durations.ts';
import type { Path } from './located.ts';
import { badDuration } from './normalise-probes.ts';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';
import { sortedRecord } from './sorted-record.ts';
import type { Surroundings } from './surroundings.ts';

const defaultShutdownMinutes = 30;

type Header = Omit<WrittenHeader, 'services'>;
type OwnWords = Pick<Revision, 'budget' | 'residency' | 'ttlSeconds' | 'autoShutdown' | 'snapshot' | 'seeds'>;

/** What an environment says of its own cost, place, life and data. Members are absent where nothing is declared. */
export function normaliseEnvironment(header: Header): OwnWords {
  const { budget, residency, ttl, snapshot, seeds = [] } = header;
  const ttlSeconds = ttl === undefined ? undefined : durationSeconds(ttl);
  const place = residency === undefined ? undefined : residencyOf(residency);
  return {
    ...(budget === undefined ? {} : { budget: { microsPerHour: Math.round(budget.perHour * 1_000_000) } }),
    ...(place === undefined ? {} : { residency: place }),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(header.autoShutdownEnabled
      ? { autoShutdown: { delaySeconds: (header.autoShutdownDelayMinutes ?? defaultShutdownMinutes) * 60 } }
      : {}),
    ...(snapshot === undefined ? {} : { snapshot: snapshotOf(snapshot) }),
    ...(seeds.length === 0 ? {} : { seeds: seeds.map(seedOf) }),
  };
}

/** Nothing said of it is as if it were not there. */
function residencyOf({ region, allowed = [] }: NonNullable<Header['residency']>): ResidencySpec | undefined {
  if (region === undefined && allowed.length === 0) return undefined;
  return {
    ...(region === undefined ? {} : { region }),
    ...(allowed.length === 0 ? {} : { allowed: sorted(allowed) }),
  };
}

function snapshotOf({ from, services, sanitise: written }: WrittenSnapshot): SnapshotSpec {
  const [env = from, name] = from.split('/');
  const { unclassified, ...sanitise } = written ?? {};
  return {
    from: { env, ...(name === undefined ? {} : { name }) },
    ...(services === undefined ? {} : { services: sorted(services) }),
    // Sanitising nothing and refusing what is not classified is a word too: it refuses every column.
    ...(written === undefined ? {} : { sanitise: sortedRecord(sanitise) as Readonly<Record<string, Sanitising>> }),
    ...(unclassified === 'allow' ? { unclassified } : {}),
  };
}

function seedOf({ name, version, services }: WrittenSeed): SeedSpec {
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(services === undefined ? {} : { services: sorted(services) }),
  };
}

function sorted(words: readonly string[]): string[] {
  return sortedBy(new Set(words), (word) => word);
}

/** What is wrong with it. */
export function checkEnvironment(header: Header, surroundings: Surroundings): Problem[] {
  return [...checkLife(header), ...checkResidency(header), ...checkData(header, surroundings)];
}

function checkLife({ ttl, autoShutdownEnabled, autoShutdownDelayMinutes }: Header): Problem[] {
  const seconds = ttl === undefined ? undefined : durationSeconds(ttl);
  const problems: Problem[] = ttl !== undefined && !seconds ? [badDuration(['ttl'], ttl, ', at least 1s')] : [];
  if (autoShutdownDelayMinutes === undefined || autoShutdownEnabled !== undefined) return problems;
  return [
    ...problems,
    {
      severity: 'warning',
      code: 'delay-without-shutdown',
      path: ['autoShutdownDelayMinutes'],
      mark: 'key',
      reason: 'autoShutdownEnabled is false by default, so the delay means nothing',
      next: 'set autoShutdownEnabled: true, or leave the delay out',
    },
  ];
}

function checkResidency({ residency: { region, allowed = [] } = {} }: Header): Problem[] {
  if (region === undefined || allowed.length === 0 || allowed.includes(region)) return [];
  return [
    {
      code: 'region-not-allowed',
      path: ['residency', 'region'],
      reason: `the environment is in ${quote(region)}, which its own residency.allowed does not name`,
      next: `add ${quote(region)} to residency.allowed`,
    },
  ];
}

/** `allow` and `refuse` are about columns that nobody named, the other ways about one. */
function checkSanitise(sanitise: NonNullable<WrittenSnapshot['sanitise']>): Problem[] {
  return Object.entries(sanitise).flatMap(([column, how]) => {
    const isRest = column === 'unclassified';
    if (isRest === (how === 'allow' || how === 'refuse')) return [];
    return [
      {
        code: 'bad-value',
        path: ['snapshot', 'sanitise', column],
        reason: `${quote(column)} cannot be ${quote(how)}`,
        next: isRest ? 'say allow or refuse' : 'say keep, mask, hash, fake, redact or nullify',
      },
    ];
  });
}

function checkData({ snapshot, seeds = [] }: Header, surroundings: Surroundings): Problem[] {
  const seen = new Set<string>();
  return [
    ...checkNamed(snapshot?.services, ['snapshot', 'services'], surroundings),
    ...checkSanitise(snapshot?.sanitise ?? {}),
    ...seeds.flatMap(({ name, services }, index) => {
      const problems = checkNamed(services, ['seeds', index, 'services'], surroundings);
      if (seen.has(name))
        problems.push({
          code: 'duplicate-seed',
          path: ['seeds', index],
          reason: `seed ${quote(name)} is named twice`,
          next: 'keep one of them',
        });
      seen.add(name);
      return problems;
    }),
  ];
}

function checkNamed(services: readonly string[] | undefined, path: Path, surroundings: Surroundings): Problem[] {
  return (services ?? []).flatMap((service, index): Problem[] => {
    const { kind } = surroundings.meaningOf(service);
    if (kind !== 'nothing' && kind !== 'removed') return [];
    const near = surroundings.suggest(service);
    return [
      {
        code: 'unknown-service',
        path: [...path, index],
        reason: `service ${quote(service)} is not one of this environment`,
        next: near === undefined ? 'name a service that it declares or inherits' : `did you mean ${quote(near)}?`,
      },
    ];
  });
}
