import { addressText } from '@microstax/model/external-address';
import type { LogicalTarget, RouteContext, Tier } from '@microstax/model/resolution';
import type { Endpoint, RouteTable } from '@microstax/model/route-table';
import type { Stamp } from './headers.ts';

/** What a router knows: the newest table of each environment, and which environment a context value selects. */
export type Tables = {
  table(env: string): IndexedTable | undefined;
  /** The environment under a root that a context value selects. */
  selected(root: string, value: string): string | undefined;
  /** Whether the value selected an environment that is deleted. */
  expired(root: string, value: string): boolean;
};

/** A table with its records and endpoints by service, built once per revision. */
export type IndexedTable = {
  readonly table: RouteTable;
  readonly records: ReadonlyMap<string, RouteTable['records'][number]>;
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>;
};

export function indexTable(table: RouteTable): IndexedTable {
  return {
    table,
    records: new Map(table.records.map((record) => [record.service, record])),
    endpoints: Map.groupBy(table.endpoints, ({ service, port }) => endpointKey(service, port)),
  };
}

/** What a listener is for. */
export type Address = { readonly env: string; readonly service: string; readonly port: string };

/** A request at a listener, with the context value that came with it, if any. */
export type Asked = Address & {
  readonly context: string | undefined;
  /** Something came that names no context although it should; it counts as none (design 5.4). */
  readonly malformed?: boolean;
};

export type RoutedEndpoint = {
  readonly kind: 'endpoint';
  /** The environment that the request is for. */
  readonly for: string;
  /** null where it is a root's without context, or where the context is unknown. */
  readonly stamp: Stamp | null;
  readonly target: { readonly env: string; readonly service: string };
  readonly tier: Tier;
  /** At least one. */
  readonly endpoints: readonly Endpoint[];
  /** Where an address outside answers: what it is called by, for requests that say whom they mean (`Host`). */
  readonly authority?: string;
  readonly reason: string;
};
export type Denied = {
  readonly kind: 'denied';
  readonly status: 403 | 404 | 503;
  readonly code: string;
  readonly reason: string;
  /** Who sleeps: the request may be held while it is woken (protocol 14). */
  readonly asleep?: string;
};
export type Routed = RoutedEndpoint | Denied;

/** 8 records that point onwards, and 8 parents asked on the way (design 5.1); more is a circle. */
const stepsMax = 16;
const contextCharsMax = 80;

/** Where a request goes, and why (protocol 25, 26; design 5.4). */
export function route(asked: Asked, tables: Tables): Routed {
  const listener = tables.table(asked.env);
  if (listener === undefined) return noTable(asked.env);
  const chosen = choose(asked, listener.table.context, tables);
  if (chosen.kind === 'denied') return chosen;
  const found = follow(chosen.env, asked, tables);
  if (found.kind === 'denied') return found;
  const { env, why, stamp } = chosen;
  return { ...found, for: env, stamp, reason: `${found.tier}; ${why}` };
}

type Chosen = { readonly kind: 'chosen'; readonly env: string; readonly stamp: Stamp | null; readonly why: string };

/** The environment that a request is for: its context says it, else the listener. */
function choose({ env, context, malformed }: Asked, about: RouteContext, tables: Tables): Chosen | Denied {
  const { root, headerName } = about;
  if (context === undefined) {
    const stamp = env === root ? null : { value: about.value, headerName }; // protocol 26
    return { kind: 'chosen', env, stamp, why: `${malformed ? 'malformed' : 'no'} context, listener of ${env}` };
  }
  const selected = tables.selected(root, context);
  if (selected !== undefined)
    return { kind: 'chosen', env: selected, stamp: { value: context, headerName }, why: `context ${context}` };
  const expired = tables.expired(root, context);
  const policy = tables.table(root)?.table.context.unknown ?? about.unknown;
  if (policy === 'baseline') {
    const why = `${expired ? 'expired' : 'unknown'} context, baseline ${root} answers`;
    return { kind: 'chosen', env: root, stamp: null, why };
  }
  const shown = JSON.stringify(context.slice(0, contextCharsMax));
  if (expired) return denied(404, 'expired-context', `context ${shown} selected an environment that is deleted`);
  return denied(404, 'unknown-context', `context ${shown} selects no environment under "${root}"`);
}

type Found = Pick<RoutedEndpoint, 'kind' | 'target' | 'tier' | 'endpoints' | 'authority'>;

/** From an environment's record to the endpoints of whoever serves. */
function follow(forEnv: string, { service: asked, port }: Address, tables: Tables): Found | Denied {
  let env = forEnv;
  let service = asked;
  let tier: Tier | undefined;
  for (let step = 0; step <= stepsMax; step++) {
    const indexed = tables.table(env);
    if (indexed === undefined) return noTable(env);
    const { context } = indexed.table;
    const record = indexed.records.get(service);
    if (record === undefined) {
      // A service missing from a table is looked up in the parent's (protocol 25).
      if (context.parent === null)
        return denied(404, 'no-record', `nobody in the lineage of "${forEnv}" knows service "${service}"`);
      env = context.parent;
      continue;
    }
    if (record.target === null) {
      const code = record.code ?? 'denied';
      return denied(403, code, `service "${service}" is denied in environment "${env}": ${code}`);
    }
    tier ??= tierSeenFrom(forEnv, env, context.root, record.tier);
    if ('external' in record.target) return atAddress(record.target, env, { service, port, tier });
    if (record.target.env === env) return atEndpoints(indexed, { service: record.target.service, port, tier });
    ({ env, service } = record.target);
  }
  return denied(503, 'circle', `the records of service "${asked}" point onwards more than ${stepsMax} times`);
}

/** What an ancestor has locally is inherited by whoever looks it up there. */
function tierSeenFrom(forEnv: string, env: string, root: string, tier: Tier): Tier {
  if (env === forEnv || tier !== 'local overlay') return tier;
  return env === root ? 'baseline' : 'inherited ancestor';
}

function atEndpoints(
  { table, endpoints }: IndexedTable,
  { service, port, tier }: { readonly service: string; readonly port: string; readonly tier: Tier },
): Found | Denied {
  const found = endpoints.get(endpointKey(service, port)) ?? [];
  const target = { env: table.env, service };
  if (found.length > 0) return { kind: 'endpoint', target, tier, endpoints: found };
  if (table.asleep) return asleep(table.env);
  const what = `service "${service}" of environment "${table.env}"`;
  return denied(503, 'no-endpoint', `${what} has no running instance with port "${port}"`);
}

/** An address outside is its own only endpoint, under the one port name that the mapping gave it. */
function atAddress(
  { external }: Extract<LogicalTarget, { external: unknown }>,
  env: string,
  { service, port, tier }: { readonly service: string; readonly port: string; readonly tier: Tier },
): Found | Denied {
  const address = addressText(external);
  const what = `service "${service}" of environment "${env}" is mapped to ${address}`;
  if (external.portName !== port)
    return denied(503, 'no-endpoint', `${what}, whose port is called "${external.portName}", not "${port}"`);
  const { host, port: targetPort } = external;
  const endpoints = [{ service, port, host, targetPort, instance: address }];
  return { kind: 'endpoint', target: { env, service }, tier, endpoints, authority: address };
}

function endpointKey(service: string, port: string): string {
  return `${service}/${port}`;
}

function asleep(env: string): Denied {
  return { ...denied(503, 'asleep', `environment "${env}" sleeps`), asleep: env };
}

function noTable(env: string): Denied {
  return denied(503, 'no-table', `environment "${env}" has no route table`);
}

function denied(status: Denied['status'], code: string, reason: string): Denied {
  return { kind: 'denied', status, code, reason };
}
