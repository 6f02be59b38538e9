import { sealArtifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import type { LogicalTarget, ResolvedRecord, RouteContext } from '@microstax/model/resolution';
import type { RouteTable } from '@microstax/model/route-table';
import type { RoutedEnvironment } from '@microstax/model/routing-artifacts/route-answers';
import { specDigest } from '@microstax/model/service-spec';
import { aService } from '@microstax/testkit/blueprints';

/**
 * What an environment does with a service: runs it, inherits the nearest, refuses it, never heard of it, maps it to an
 * address outside (a name, a number), or has it from a pool under another root.
 */
export type Does = 'runs' | 'inherits' | 'denies' | 'unaware' | 'maps' | 'maps to a number' | 'pools';

export type FamilyDraft = {
  readonly unknown: RouteContext['unknown'];
  readonly environments: readonly {
    readonly env: string;
    readonly parent: string | null;
    readonly value: string;
    readonly does: Readonly<Record<string, Does>>;
    /** The number of port `http` of all its services; 8080 by default. */
    readonly port?: number;
  }[];
};

const provides: ReadonlySet<Does> = new Set(['runs', 'maps', 'maps to a number', 'pools']);
const digest = sealArtifact('plan', {}).digest;
export const headerName = 'X-Shop-Env';

/** Environments as resolver and graph would hand them over; the first is the root. */
export function aFamily({ unknown, environments }: FamilyDraft): readonly RoutedEnvironment[] {
  const root = environments[0]?.env ?? 'shop';
  return environments.map(({ env, parent, value, does, port = 8080 }): RoutedEnvironment => {
    const services = Object.keys(does)
      .filter((service) => does[service] !== 'unaware')
      .sort();
    const context: RouteContext = { value, headerName, unknown, root, parent };
    const records = services.map((service) => aRecord(env, service, { unknown, environments }));
    return {
      resolution: {
        org: 'default',
        env,
        engine: 'test',
        plan: digest,
        composition: digest,
        context,
        records,
        findings: [],
      },
      composition: aComposition(env, root, services, port),
    };
  });
}

/** The pool's own table: it runs all of these. */
export function poolTable(services: readonly string[]): RouteTable {
  const [pool] = aFamily({
    unknown: 'deny',
    environments: [
      { env: 'tools', parent: null, value: 'tools', does: Object.fromEntries(services.map((name) => [name, 'runs'])) },
    ],
  });
  if (pool === undefined) throw new Error('a family has its environments');
  return asTable(pool);
}

/** The route table that the runtime would write of it: whatever runs has one instance. */
export function asTable({ resolution }: RoutedEnvironment): RouteTable {
  const { org, env, context, records } = resolution;
  const endpoints = records
    .filter(({ target }) => target !== null && !('external' in target) && target.env === env)
    .map(({ service }) => ({ service, port: 'http', host: '127.0.0.1', targetPort: 1, instance: `${service}-0` }));
  return { org, env, epoch: 1, generation: 1, context, listeners: [], records, endpoints };
}

function aRecord(env: string, service: string, draft: FamilyDraft): ResolvedRecord {
  const { target, at } = targetOf(env, service, draft);
  const code =
    draft.environments.find((one) => one.env === env)?.does[service] === 'denies' ? 'removed' : 'no-provider';
  const tier = tierOf(env, target, at);
  return {
    env,
    service,
    identity: `svc-${service}`,
    tier,
    target,
    ...(target === null ? { code } : {}),
    ports: [{ name: 'http', protocol: 'http' }],
    tried: [],
  };
}

function tierOf(env: string, target: LogicalTarget | null, at: string | null): ResolvedRecord['tier'] {
  if (target === null) return 'denied';
  if (at !== env) return 'inherited ancestor';
  if ('external' in target) return 'explicit provider mapping';
  return target.env === env ? 'local overlay' : 'shared provider pool';
}

/** An environment that has it from elsewhere itself is whom its children ask. */
function targetOf(
  env: string,
  service: string,
  draft: FamilyDraft,
): { readonly target: LogicalTarget | null; readonly at: string | null } {
  const at = nearest(env, service, draft);
  if (at === null) return { target: null, at };
  if (at !== env) return { target: { env: at, service }, at };
  const port = { portName: 'http', protocol: 'http' } as const;
  switch (draft.environments.find((one) => one.env === at)?.does[service]) {
    case 'maps':
      return { target: { external: { host: `${service}.example.com`, port: 443, ...port } }, at };
    case 'maps to a number':
      return { target: { external: { host: '192.0.2.7', port: 8443, ...port } }, at };
    case 'pools':
      return { target: { env: 'tools', service }, at };
    default:
      return { target: { env: at, service }, at };
  }
}

function nearest(env: string | null, service: string, draft: FamilyDraft, first = true): string | null {
  const found = draft.environments.find((one) => one.env === env);
  if (found === undefined) return null;
  const does = found.does[service];
  if (does !== undefined && provides.has(does)) return found.env;
  if (first && does === 'denies') return null;
  return nearest(found.parent, service, draft, false);
}

function aComposition(env: string, root: string, services: readonly string[], port: number): Composition {
  return {
    env,
    mode: env === root ? 'baseline' : 'overlay',
    root,
    ancestors: [],
    rootRouting: { headerName, unknown: 'deny' },
    derivation: digest,
    services: services.map((name) => {
      const spec = aService(name, { ports: [{ name: 'http', containerPort: port, protocol: 'http' }] });
      return {
        name,
        identity: `svc-${name}`,
        owner: env,
        removed: false,
        spec,
        specDigest: specDigest(spec),
        candidates: [],
        remote: null,
      };
    }),
  };
}
