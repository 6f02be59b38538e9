import { stringify } from 'yaml';

/** Small Blueprints whose services are the echo program: quick to start, and every answer says who gave it. */
export type EchoDraft = {
  readonly version?: string;
  readonly upstreams?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly expose?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
};

/** Each test process asks for another port, so that a router which starts again finds its own still free. */
export const echoPort = 20_000 + ((process.pid * 7) % 12_000);

export type WrittenService = { readonly name: string; readonly [field: string]: unknown };

export function echo(name: string, draft: EchoDraft = {}): WrittenService {
  const { version = '1', upstreams = [], env = {}, expose = false, more = {} } = draft;
  return {
    name,
    run: { command: ['node', 'echo.mjs'], cwd: 'test/scenarios/programs' },
    ports: [{ name: 'http', containerPort: echoPort, protocol: 'http' }],
    env: { PORT: own('http'), NAME: name, VERSION: version, UPSTREAMS: upstreams.map(addressed).join(','), ...env },
    dependsOn: upstreams,
    ...(expose ? { expose } : {}),
    ...more,
  };
}

export type WrittenBlueprint = {
  readonly name: string;
  readonly services: readonly WrittenService[];
  readonly [field: string]: unknown;
};

export function baseline(
  name: string,
  services: readonly WrittenService[],
  more: Readonly<Record<string, unknown>> = {},
): WrittenBlueprint {
  return { name, routing: { mode: 'baseline' }, services, ...more };
}

export function overlay(
  name: string,
  parent: string,
  services: readonly WrittenService[],
  more: Readonly<Record<string, unknown>> = {},
): WrittenBlueprint {
  return { name, routing: { mode: 'overlay', baselineId: parent }, services, ...more };
}

/** `web → api → db`, web exposed: three levels, so that an inherited caller stands before a changed service. */
export function chain(version = '1'): readonly WrittenService[] {
  return [
    echo('web', { version, upstreams: ['api'], expose: true }),
    echo('api', { version, upstreams: ['db'] }),
    echo('db', { version }),
  ];
}

export function asYaml(blueprint: WrittenBlueprint): string {
  return stringify(blueprint);
}

/** The answer of the echo program. */
export type EchoAnswer = {
  readonly name: string;
  readonly version: string;
  readonly environment: string;
  readonly pid: number;
  readonly context: string | null;
  readonly calls: readonly (EchoAnswer | null)[];
  readonly failed?: readonly { readonly name: string; readonly status: number; readonly why?: string }[];
};

/** `web@shop > api@shop > db@feat`: who served each hop. */
export function hopsOf(answer: EchoAnswer | null): string {
  if (answer === null) return '?';
  const own = `${answer.name}@${answer.environment}`;
  const [first, ...rest] = answer.calls.map(hopsOf);
  if (first === undefined) return own;
  return rest.length === 0 ? `${own} > ${first}` : `${own} > (${[first, ...rest].join(', ')})`;
}

function own(port: string): string {
  return `\${port.${port}}`;
}

function addressed(service: string): string {
  return `${service}=http://\${host.${service}}:\${port.${service}.http}`;
}
