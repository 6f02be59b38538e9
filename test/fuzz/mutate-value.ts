import type { Random } from './random.ts';

type Value = unknown;
type Holder = Record<string, Value> | Value[];

const nested = (depth: number): Value =>
  depth === 0 ? 'x' : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };

/** Values that are of another kind, out of range, or next to what is meant. */
const oddities: readonly (() => Value)[] = [
  ...[
    null,
    true,
    false,
    '',
    ' ',
    0,
    1,
    -1,
    1.5,
    1e21,
    65_535,
    65_536,
    2 ** 53,
    'x',
    'web',
    'shop',
    'а',
    'a\u0000',
    '\u202e',
  ].map((value) => () => value),
  ...[
    '8080',
    '8080:8080',
    '1:2',
    '53/udp',
    '250m',
    '1Gi',
    '1GB',
    '10s',
    '1m30s',
    '7d',
    '500ms',
    '1.20',
    '../x',
    '/x',
  ].map((value) => () => value),
  ...[
    'acme/api',
    'ACME',
    'a@sha256:1',
    'auto-generated',
    'db/password',
    `\${host.web}`,
    `\${port.web.http}`,
    `\${x.y.z}`,
    '$HOME',
  ].map((value) => () => value),
  () => [],
  () => ({}),
  () => [[]],
  () => ['x', 'x'],
  () => 'x'.repeat(5_000),
  () => nested(40),
  () => Array.from({ length: 70 }, (_, index) => index),
  () => Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`k${index}`, index])),
];

const keys: readonly string[] = [
  ...[
    'name',
    'id',
    'run',
    'image',
    'command',
    'args',
    'env',
    'ports',
    'secrets',
    'resources',
    'requests',
    'limits',
    'replicas',
  ],
  ...[
    'probes',
    'readiness',
    'http',
    'tcp',
    'exec',
    'grpc',
    'volumes',
    'mocks',
    'init',
    'contract',
    'dependsOn',
    'remove',
    'expose',
  ],
  ...[
    'routing',
    'mode',
    'baselineId',
    'track',
    'providers',
    'pools',
    'external',
    'environment',
    'capacity',
    'region',
    'plan',
    'plans',
    'services',
    'snapshot',
    'seeds',
    'ttl',
  ],
  ...['budget', 'residency', 'labels', '__proto__', 'constructor', '', 'а', 'x y', '0', 'nmae', 'port', '\u0000'],
];

/** One to three changes of what a Blueprint says, whatever it is written in. */
export function mutateValue(root: Value, random: Random): Value {
  const changed = structuredClone(root);
  for (let rounds = 1 + random.below(3); rounds > 0; rounds--) changeOnce(changed, random);
  return changed;
}

function changeOnce(root: Value, random: Random): void {
  const holders = holdersIn(root);
  if (holders.length === 0) return;
  const holder = random.pick(holders);
  const names = Object.keys(holder);
  const name = names.length === 0 ? '' : random.pick(names);
  const value = get(holder, name);
  switch (random.below(7)) {
    case 0:
      put(holder, name, random.pick(oddities)());
      break;
    case 1:
      put(holder, random.pick(keys), random.pick(oddities)());
      break;
    case 2:
      take(holder, name);
      break;
    case 3:
      put(holder, name, [value]);
      break;
    case 4:
      put(holder, name, { [random.pick(keys)]: value });
      break;
    case 5:
      put(holder, random.chance(0.5) ? name : random.pick(keys), structuredClone(random.pick(holders)));
      break;
    default:
      take(holder, name);
      put(holder, random.pick(keys), value);
  }
}

function holdersIn(root: Value): Holder[] {
  if (typeof root !== 'object' || root === null) return [];
  return [root as Holder, ...Object.values(root).flatMap(holdersIn)].slice(0, 5_000);
}

function get(holder: Holder, name: string): Value {
  return (holder as Record<string, Value>)[name];
}

function put(holder: Holder, name: string, value: Value): void {
  if (Array.isArray(holder)) holder[Number.parseInt(name, 10) || holder.length] = value;
  else Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

function take(holder: Holder, name: string): void {
  if (Array.isArray(holder)) holder.splice(Number.parseInt(name, 10) || 0, 1);
  else delete holder[name];
}
