import type { RouteTable } from '@microstax/model/route-table';
import type { IndexedTable, Tables } from '../core/route.ts';
import { indexTable } from '../core/route.ts';

export type TablePart = {
  readonly parent?: string | null;
  readonly root?: string;
  readonly context?: Partial<RouteTable['context']>;
  readonly epoch?: number;
  readonly generation?: number;
  readonly listeners?: RouteTable['listeners'];
  /** Service to the environment that serves it, or to a code where it is denied; or a whole record. */
  readonly records?: Readonly<Record<string, string | { readonly denied: string } | RouteTable['records'][number]>>;
  /** Service to the ports of its instances, which are called `<service>-<n>`. */
  readonly running?: Readonly<Record<string, readonly number[]>>;
};

/** A route table as the runtime writes it: one port `http` a service. */
export function aTable(env: string, part: TablePart = {}): RouteTable {
  const root = part.root ?? env;
  const parent = part.parent ?? (root === env ? null : root);
  return {
    org: 'default',
    env,
    epoch: part.epoch ?? 1,
    generation: part.generation ?? 1,
    context: { value: env, headerName: 'x-msx-env', unknown: 'baseline', root, parent, ...part.context },
    listeners: part.listeners ?? [],
    records: Object.entries(part.records ?? {}).map(([service, record]) => aRecord(env, root, service, record)),
    endpoints: Object.entries(part.running ?? {}).flatMap(([service, ports]) =>
      ports.map((targetPort, index) => ({
        service,
        port: 'http',
        host: '127.0.0.1',
        targetPort,
        instance: `${service}-${index}`,
      })),
    ),
  };
}

function aRecord(
  env: string,
  root: string,
  service: string,
  record: string | { readonly denied: string } | RouteTable['records'][number],
): RouteTable['records'][number] {
  const ports = [{ name: 'http', protocol: 'http' }] as const;
  if (typeof record === 'string') {
    const tier = record === env ? 'local overlay' : record === root ? 'baseline' : 'inherited ancestor';
    return { service, tier, target: { env: record, service }, ports };
  }
  return 'denied' in record ? { service, tier: 'denied', target: null, code: record.denied, ports } : record;
}

/** What a router knows that has these tables. */
export function knownTables(...tables: readonly RouteTable[]): Tables {
  const byEnv = new Map<string, IndexedTable>(tables.map((table) => [table.env, indexTable(table)]));
  return {
    table: (env) => byEnv.get(env),
    selected: (root, value) => tables.find(({ context, expired }) => !expired && isAbout(context, root, value))?.env,
    expired: (root, value) => tables.some(({ context, expired }) => expired === true && isAbout(context, root, value)),
  };
}

function isAbout(context: RouteTable['context'], root: string, value: string): boolean {
  return context.root === root && context.value === value;
}
