import { sortedBy } from '@microstax/model/compare';
import type { ExternalAddress } from '@microstax/model/external-address';
import type { PoolTerms, RoutingSpec } from '@microstax/model/revision';
import type { WrittenPool, WrittenProvider, WrittenRouting } from './blueprint-schema.ts';
import type { Path } from './located.ts';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';
import { sortedRecord } from './sorted-record.ts';

type Providers = WrittenRouting['providers'];

/** Environments and addresses apart. What names neither is refused by `checkProviders`. */
export function normaliseProviders(written: Providers): Pick<RoutingSpec, 'providers' | 'externals'> {
  const entries = Object.entries(written);
  const externals = entries.flatMap(([service, provider]) => {
    const external = externalOf(provider);
    return external === undefined ? [] : [[service, external] as const];
  });
  const providers = entries.flatMap(([service, { environment }]) =>
    environment === undefined ? [] : [[service, environment] as const],
  );
  return {
    providers: sortedRecord(Object.fromEntries(providers)),
    ...(externals.length === 0 ? {} : { externals: sortedRecord(Object.fromEntries(externals)) }),
  };
}

/** The address with its defaults explicit; undefined where an environment is meant. */
export function externalOf({
  environment,
  external,
  protocol = 'http',
  port,
  region,
}: WrittenProvider): ExternalAddress | undefined {
  if (external === undefined || environment !== undefined) return undefined;
  return {
    // Names in small letters, numbers in the one form that they are usually written in.
    host: new URL(`http://${external}`).hostname.replace(/^\[|\]$/g, ''),
    port: Number(external.slice(external.lastIndexOf(':') + 1)),
    portName: port ?? protocol,
    protocol,
    ...(region === undefined ? {} : { region }),
  };
}

/** Pools sorted, and what is asked of them where something is. */
export function normalisePools(written: readonly WrittenPool[]): Pick<RoutingSpec, 'pools' | 'poolTerms'> {
  const terms = written.flatMap((pool) => {
    const asked = termsOf(pool);
    return asked === undefined ? [] : [[pool.environment, asked] as const];
  });
  return {
    pools: sortedBy(new Set(written.map(({ environment }) => environment)), (pool) => pool),
    ...(terms.length === 0 ? {} : { poolTerms: sortedRecord(Object.fromEntries(terms)) }),
  };
}

function termsOf({ capacity, labels = {} }: WrittenPool): PoolTerms | undefined {
  const labelled = Object.keys(labels).length > 0;
  if (capacity === undefined && !labelled) return undefined;
  return { ...(capacity === undefined ? {} : { capacity }), ...(labelled ? { labels: sortedRecord(labels) } : {}) };
}

/** A provider is another environment or an address, and only an address has a protocol, a port and a region. */
export function checkProviders(providers: Providers, env: string): Problem[] {
  return Object.entries(providers).flatMap(([service, provider]) => {
    const path = ['routing', 'providers', service];
    if (provider.environment === env) return [isSelf(env, path)];
    return checkProvider(service, provider, path);
  });
}

function checkProvider(service: string, provider: WrittenProvider, path: Path): Problem[] {
  const { environment, external, ...aboutAddress } = provider;
  if ((environment === undefined) === (external === undefined)) {
    const both = environment !== undefined;
    return [
      {
        code: 'provider-unclear',
        path,
        reason: `${quote(service)} is mapped to ${both ? 'an environment and an address' : 'neither an environment nor an address'}`,
        next: 'write the name of an environment, or { external: host:port }',
      },
    ];
  }
  if (external !== undefined) return [];
  const [field] = Object.keys(aboutAddress);
  if (field === undefined) return [];
  return [
    {
      code: 'provider-unclear',
      path: [...path, field],
      mark: 'key',
      reason: `${field} is said of an address, and ${quote(service)} is mapped to an environment, which declares its own`,
      next: `leave ${field} out`,
    },
  ];
}

/** A pool is another environment, and is asked for one thing only. */
export function checkPools(pools: readonly WrittenPool[], env: string): Problem[] {
  const seen = new Map<string, WrittenPool>();
  return pools.flatMap((pool, index) => {
    const path = ['routing', 'pools', index];
    if (pool.environment === env) return [isSelf(env, path)];
    const before = seen.get(pool.environment);
    seen.set(pool.environment, pool);
    if (before === undefined || (termsOf(before) === undefined && termsOf(pool) === undefined)) return [];
    return [
      {
        code: 'pool-twice',
        path,
        reason: `pool ${quote(pool.environment)} is listed twice`,
        next: 'keep the one with the capacity and the labels that are meant',
      },
    ];
  });
}

function isSelf(env: string, path: Path): Problem {
  return {
    code: 'provider-is-self',
    path,
    reason: `${quote(env)} cannot be its own provider`,
    next: 'name another environment, or leave it out',
  };
}
