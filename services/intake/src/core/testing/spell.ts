import fc from 'fast-check';
import { stringify } from 'yaml';

// One meaning, and every way of ours to write it. Every choice of spelling is a number, so that one Blueprint can be
// written in many ways, and again in the same one.

type Service = {
  readonly name: string;
  readonly image: boolean;
  readonly port: number;
  readonly udp: boolean;
  readonly millicores: number;
  readonly mebibytes: number;
  readonly limited: boolean;
  readonly env: readonly (readonly [string, string])[];
  readonly number: number;
  readonly calls: readonly number[];
  readonly expose: boolean;
  readonly replicas: number;
  readonly probeSeconds: number;
  readonly volumes: readonly string[];
  readonly minor: number;
};
export type Meaning = {
  readonly services: readonly Service[];
  readonly ttlSeconds: number;
  readonly regions: readonly string[];
  readonly seeds: readonly string[];
};

const service = fc.record({
  image: fc.boolean(),
  port: fc.integer({ min: 1, max: 65_535 }),
  udp: fc.boolean(),
  millicores: fc.integer({ min: 1, max: 64 }).map((eighths) => eighths * 125),
  mebibytes: fc.integer({ min: 1, max: 4096 }),
  limited: fc.boolean(),
  env: fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/), fc.stringMatching(/^[ -#%-z|~é]{0,12}$/)), {
    selector: ([key]) => key,
    maxLength: 4,
  }),
  number: fc.nat({ max: 999 }),
  calls: fc.uniqueArray(fc.nat(), { maxLength: 3 }),
  expose: fc.boolean(),
  replicas: fc.integer({ min: 0, max: 3 }),
  probeSeconds: fc.integer({ min: 0, max: 200 }),
  volumes: fc.uniqueArray(fc.constantFrom('data', 'cache', 'logs'), { maxLength: 3 }),
  minor: fc.integer({ min: 0, max: 20 }),
});

export const meaning: fc.Arbitrary<Meaning> = fc.record({
  services: fc
    .array(service, { minLength: 1, maxLength: 4 })
    .map((services) => services.map((one, index) => ({ ...one, name: `svc-${index}` }))),
  ttlSeconds: fc.nat({ max: 100_000 }),
  regions: fc.uniqueArray(fc.constantFrom('eu-west', 'eu-north', 'us-east'), { maxLength: 3 }),
  seeds: fc.uniqueArray(fc.constantFrom('demo', 'users', 'orders'), { maxLength: 2 }),
});

export type Choose = (options: number) => number;

export function chooser(seed: readonly number[]): Choose {
  let next = 0;
  return (options) => (seed[next++ % seed.length] ?? 0) % options;
}

/** The meaning as a text, in a spelling that `choose` chooses. */
export function spell({ services, ttlSeconds, regions, seeds }: Meaning, choose: Choose): string {
  const ordered = shuffled(services, choose);
  const planned = choose(2) === 1 ? services[choose(services.length)] : undefined;
  const write = (one: Service): Fields =>
    fieldsOf(one, services, choose).filter(([key]) => one !== planned || !inPlan.has(key));
  const asMap = choose(2) === 1;
  const whole = mixed(
    [
      ['name', 'shop'],
      [
        'routing',
        mixed(
          [
            ['mode', 'baseline'],
            ...maybe(choose, ['propagateHeader', true], ['headerName', 'X-MSX-Env'], ['front', 'deny']),
          ],
          choose,
        ),
      ],
      [
        'services',
        asMap
          ? Object.fromEntries(ordered.map((one) => [one.name, mixed(write(one), choose)]))
          : ordered.map((one) => mixed([['name', one.name], ...write(one)], choose)),
      ],
      ...(ttlSeconds > 0 ? [['ttl', duration(ttlSeconds, choose)] as const] : []),
      ...(regions.length > 0 ? [['residency', { allowed: shuffled(regions, choose) }] as const] : []),
      ...(seeds.length > 0
        ? [
            [
              'seeds',
              seeds.map((seed) =>
                pick<unknown>(choose, `${seed}@1`, { name: seed, version: '1' }, { version: 1, name: seed }),
              ),
            ] as const,
          ]
        : []),
      ...(planned === undefined ? [] : planOf(planned, fieldsOf(planned, services, choose), choose)),
      ...maybe(choose, ['labels', {}], ['autoShutdownEnabled', false]),
    ],
    choose,
  );
  return pick(
    choose,
    stringify(whole),
    JSON.stringify(whole),
    JSON.stringify(whole, null, 2),
    `# in flow\n${stringify(whole, { defaultStringType: 'QUOTE_DOUBLE', collectionStyle: 'flow' })}`,
  );
}

type Fields = readonly (readonly [string, unknown])[];

/** What a plan may say in the service's place. */
const inPlan: ReadonlySet<string> = new Set(['replicas', 'args', 'resources', 'env']);

function planOf({ name }: Service, fields: Fields, choose: Choose): Fields {
  const said = fields.filter(([key]) => inPlan.has(key));
  return [
    ['plan', 'some'],
    [
      'plans',
      mixed([['some', { services: { [name]: mixed(said, choose) } }], ...maybe(choose, ['other', {}])], choose),
    ],
  ];
}

function fieldsOf(one: Service, all: readonly Service[], choose: Choose): Fields {
  const start: Fields = one.image
    ? [['image', pick(choose, 'acme/api', 'acme/api:latest', 'docker.io/acme/api', 'docker.io/acme/api:latest')]]
    : [['run', mixed([['command', pick<unknown>(choose, 'node', ['node'])], ...maybe(choose, ['cwd', '.'])], choose)]];
  const callees = [...new Set(one.calls.map((call) => all[call % all.length]?.name ?? ''))].filter(
    (name) => name !== one.name,
  );
  return [
    ...start,
    [
      'ports',
      shuffled(
        [
          portOf(one, choose),
          ...(one.udp ? [pick<unknown>(choose, '53/udp', '53:53/udp', { containerPort: 53, protocol: 'udp' })] : []),
        ],
        choose,
      ),
    ],
    ['resources', resourcesOf(one, choose)],
    ['env', mixed([...one.env, ['NUMBER', pick<unknown>(choose, one.number, `${one.number}`)]], choose)],
    ['args', [pick<unknown>(choose, one.number, `${one.number}`)]],
    ['dependsOn', shuffled(callees, choose).map((name) => dependencyOf(name, choose))],
    [
      'contract',
      { version: pick<unknown>(choose, `1.${one.minor}`, ...(one.minor === 0 ? ['1', 1] : []), `01.${one.minor}`) },
    ],
    ['volumes', shuffled(one.volumes, choose).map((name) => volumeOf(name, choose))],
    ...(one.expose ? [['expose', true] as const] : maybe(choose, ['expose', false])),
    ...(one.replicas === 1 ? maybe(choose, ['replicas', 1]) : [['replicas', one.replicas] as const]),
    ...(one.probeSeconds > 0
      ? [['probes', { readiness: probeOf(one, choose) }] as const]
      : maybe(choose, ['probes', {}])),
    ...maybe(choose, ['secrets', []], ['stateful', false], ['init', []], ['sharing', { inherit: 'allow' }]),
  ];
}

function portOf({ port }: Service, choose: Choose): unknown {
  const named = maybe(choose, ['name', 'http'], ['protocol', 'http']);
  return pick<unknown>(
    choose,
    port,
    `${port}`,
    `${port}:${port}`,
    `${port}/http`,
    mixed([['containerPort', port], ...named], choose),
  );
}

function resourcesOf({ millicores, mebibytes, limited }: Service, choose: Choose): object {
  const requests = [
    ['cpu', pick<unknown>(choose, `${millicores}m`, millicores / 1000, `${millicores / 1000}`)],
    [
      'memory',
      pick<unknown>(
        choose,
        `${mebibytes}Mi`,
        mebibytes * 1024 ** 2,
        `${mebibytes * 1024}Ki`,
        `${mebibytes * 1024 ** 2}`,
      ),
    ],
    ...maybe(choose, ['storage', pick<unknown>(choose, 0, '0', '0Gi')]),
  ] as Fields;
  const limits: Fields = limited
    ? [['limits', { cpu: pick<unknown>(choose, 8, '8', '8000m') }]]
    : maybe(choose, ['limits', {}]);
  return mixed([...(choose(2) === 0 ? requests : [['requests', mixed(requests, choose)] as const]), ...limits], choose);
}

function dependencyOf(name: string, choose: Choose): unknown {
  const more = maybe(choose, ['kind', 'calls'], ['port', 'http'], ['required', true], ['propagates', true]);
  return pick<unknown>(
    choose,
    name,
    mixed([['service', name], ['port', 'http'], ...more.filter(([key]) => key !== 'port')], choose),
    mixed(
      [
        ['service', name],
        ['port', 'http'],
      ],
      choose,
    ),
  );
}

function volumeOf(name: string, choose: Choose): object {
  const more = maybe(
    choose,
    ['type', 'pvc'],
    ['size', pick<unknown>(choose, '1Gi', '1024Mi', 1024 ** 3)],
    ['readOnly', false],
  );
  return mixed([['name', name], ['mountPath', `/${name}${pick(choose, '', '/')}`], ...more], choose);
}

function probeOf({ port, probeSeconds }: Service, choose: Choose): object {
  const more = maybe(choose, ['timeout', '1s'], ['initialDelay', 0], ['failures', 3], ['successes', 1]);
  const http = mixed(
    [['port', pick<unknown>(choose, 'http', port)], ...maybe(choose, ['path', '/'], ['headers', {}])],
    choose,
  );
  return mixed([['http', http], ['period', duration(probeSeconds, choose)], ...more], choose);
}

function duration(seconds: number, choose: Choose): unknown {
  const minutes = `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  return pick<unknown>(choose, seconds, `${seconds}`, `${seconds}s`, minutes, `0h${minutes}`);
}

/** Some of what says nothing new. */
function maybe(choose: Choose, ...fields: Fields): Fields {
  return fields.filter(() => choose(3) === 0);
}

function shuffled<T>(items: readonly T[], choose: Choose): T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(choose(rest.length), 1));
  return order;
}

function mixed(fields: Fields, choose: Choose): object {
  return Object.fromEntries(shuffled(fields, choose));
}

function pick<T>(choose: Choose, ...options: readonly T[]): T {
  return options[choose(options.length)] as T;
}
