import { isToken } from '@microstax/model/names';

/** The services that may speak; the second token of every event subject. */
export type ServiceName = 'intake' | 'graph' | 'planner' | 'resolver' | 'runtime' | 'validator';
export const serviceNames: readonly ServiceName[] = ['intake', 'graph', 'planner', 'resolver', 'runtime', 'validator'];

function token(text: string): string {
  if (!isToken(text))
    throw new RangeError(`Cannot use ${JSON.stringify(text)} in a subject: allowed are 1 to 40 of a-z, 0-9 and "-"`);
  return text;
}

export type DoorAddress = { readonly org: string; readonly env: string; readonly actor?: string };
export type CommandAddress = DoorAddress & { readonly service: ServiceName; readonly verb: string };

/** The public door: `msx.blueprint.<org>.<env>[.<actor>]`. */
export function blueprintSubject({ org, env, actor }: DoorAddress): string {
  return ['msx', 'blueprint', token(org), token(env), ...(actor === undefined ? [] : [token(actor)])].join('.');
}

export function commandSubject({ service, org, env, verb, actor }: CommandAddress): string {
  return [
    'msx',
    'cmd',
    service,
    token(org),
    token(env),
    token(verb),
    ...(actor === undefined ? [] : [token(actor)]),
  ].join('.');
}

export function eventSubject(service: ServiceName, org: string, env: string, last: string): string {
  return `msx.evt.${service}.${token(org)}.${token(env)}.${last}`;
}

/** A request to any replica of a service. */
export function requestSubject(service: ServiceName, org: string, op: string): string {
  return `msx.svc.${service}.${token(org)}.${token(op)}`;
}

/** What a service listens on for one operation of every organisation. */
export function requestPattern(service: ServiceName, op: string): string {
  return `msx.svc.${service}.*.${token(op)}`;
}

/** A request to one router, named by the id that its discovery ping answers. */
export function routerSubject(op: string, id: string): string {
  if (!/^[A-Za-z0-9]{1,40}$/.test(id))
    throw new RangeError(`Cannot address router ${JSON.stringify(id)}: not an instance id`);
  return `msx.svc.router.${token(op)}.${id}`;
}

export function spansSubject(traceId: string): string {
  if (!/^[0-9a-f]{32}$/.test(traceId))
    throw new RangeError(`Cannot address trace ${JSON.stringify(traceId)}: 32 hexadecimal digits wanted`);
  return `msx.spans.${traceId}`;
}

/** What routers saw of one probe; `probe` is its id. */
export function propagationSubject(org: string, probe: string): string {
  return `msx.traffic.${token(org)}.propagation.${token(probe)}`;
}

export function deadLetterSubject(org: string, stream: string, consumer: string): string {
  return `msx.dlq.${token(org)}.${stream}.${consumer}`;
}

export type ParsedSubject =
  | ({ readonly kind: 'blueprint' } & DoorAddress)
  | ({ readonly kind: 'command' } & CommandAddress)
  /** A command to a name that is no service of ours. */
  | ({ readonly kind: 'stray command'; readonly service: string; readonly verb: string } & DoorAddress)
  | {
      readonly kind: 'event';
      readonly service: ServiceName;
      readonly org: string;
      readonly env: string;
      readonly last: string;
    }
  | { readonly kind: 'request'; readonly service: ServiceName; readonly org: string; readonly op: string };

/** Reads a subject back into its parts; undefined where it is none of ours or holds a token that is not allowed. */
export function parseSubject(subject: string): ParsedSubject | undefined {
  const [root, kind, ...rest] = subject.split('.');
  if (root !== 'msx' || !rest.every((part) => isToken(part))) return undefined;
  if (kind === 'blueprint') return parseDoor(rest);
  if (kind === 'cmd') return parseCommand(rest);
  const [service, org, env, last] = rest;
  if (!isService(service) || org === undefined || env === undefined) return undefined;
  if (kind === 'evt' && last !== undefined && rest.length === 4) return { kind: 'event', service, org, env, last };
  if (kind === 'svc' && rest.length === 3) return { kind: 'request', service, org, op: env };
  return undefined;
}

function parseDoor([org, env, actor, more]: readonly string[]): ParsedSubject | undefined {
  if (org === undefined || env === undefined || more !== undefined) return undefined;
  return { kind: 'blueprint', org, env, ...(actor === undefined ? {} : { actor }) };
}

function parseCommand([service, org, env, verb, actor, more]: readonly string[]): ParsedSubject | undefined {
  if (service === undefined || org === undefined || env === undefined || verb === undefined || more !== undefined)
    return undefined;
  const address = { org, env, verb, ...(actor === undefined ? {} : { actor }) };
  return isService(service) ? { kind: 'command', service, ...address } : { kind: 'stray command', service, ...address };
}

function isService(text: string | undefined): text is ServiceName {
  return serviceNames.some((name) => name === text);
}

/** Filters of streams, consumers and watchers. */
export const filters = {
  blueprints: 'msx.blueprint.>',
  commands: 'msx.cmd.>',
  graphCommands: 'msx.cmd.graph.>',
  events: 'msx.evt.>',
  traffic: 'msx.traffic.>',
  spans: 'msx.spans.>',
  deadLetters: 'msx.dlq.>',
  exhausted: '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>',
  terminated: '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>',
  eventsOf: (service: ServiceName) => `msx.evt.${service}.>`,
  eventsNamed: (service: ServiceName, last: string) => `msx.evt.${service}.*.*.${last}`,
  eventsAbout: (org: string, env: string) => `msx.evt.*.${token(org)}.${token(env)}.*`,
  eventsInOrg: (org: string) => `msx.evt.*.${token(org)}.*.*`,
  blueprintsAt: (org: string, env: string) => `msx.blueprint.${token(org)}.${token(env)}`,
  blueprintsByActors: (org: string, env: string) => `msx.blueprint.${token(org)}.${token(env)}.*`,
} as const;
