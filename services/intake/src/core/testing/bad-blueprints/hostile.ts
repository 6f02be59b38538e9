import { bad, environment, service } from '../bad-input.ts';

const tail = 'services: { web: { run: { command: x } } }\n';
const levels = 'abcdefghij'.split('');
const bomb = levels
  .map((name, level) =>
    level === 0
      ? `${name}: &${name} [lol]`
      : `${name}: &${name} [${Array(9)
          .fill(`*${levels[level - 1]}`)
          .join(', ')}]`,
  )
  .join('\n');

/** Texts that are made to hurt whoever reads them. */
export const hostile = [
  bad(
    'an alias bomb',
    `name: shop\nlabels:\n  x: &x [1]\n  y: [*x, *x, «*x]\n${tail}`,
    'too-many-aliases',
    'blueprint',
    { limits: { maxAliases: 2 }, more: true },
  ),
  bad(
    'a map that doubles with every alias',
    `name: shop\na: &a { b: 1 }\nc: &c { d: *a, e: *a }\nf: { g: *c, h: «*c }\n${tail}`,
    'too-many-aliases',
    'blueprint',
    { limits: { maxAliases: 5 }, more: true },
  ),
  bad(
    'aliases that multiply nodes',
    `name: shop\na: &a [1, 2, 3, 4]\nb: [*a, «*a]\n${tail}`,
    'too-many-nodes',
    'blueprint',
    { limits: { maxNodes: 15 }, more: true },
  ),
  bad(
    'a nest of lists',
    `name: shop\ndescription: ${'['.repeat(31)}«[${']'.repeat(32)}\n${tail}`,
    'too-deep',
    'blueprint',
    { more: true },
  ),
  bad('a nest of maps', environment(`labels: ${'{ a: '.repeat(31)}«x${' }'.repeat(31)}`), 'too-deep', 'blueprint', {
    more: true,
  }),
  bad('more nodes than allowed', `name: shop\ndescription: [1, 2, 3, 4, «5]\n${tail}`, 'too-many-nodes', 'blueprint', {
    limits: { maxNodes: 7 },
    more: true,
  }),
  bad(
    'more services than allowed',
    'name: shop\nservices: { a: { run: { command: x } }, «b: {}, c: {} }\n',
    'too-many-services',
    'services.b',
    { limits: { maxServices: 1 }, more: true },
  ),
  bad(
    'more edges than allowed',
    'name: shop\nservices: { a: { dependsOn: [b] }, b: { dependsOn: «[a, c] } }\n',
    'too-many-edges',
    'services.b.dependsOn',
    { limits: { maxEdges: 2 }, more: true },
  ),
  bad('__proto__ of the environment', environment('«__proto__: { admin: true }'), 'bad-key', 'blueprint'),
  bad('__proto__ of a service', service('«__proto__: { run: { command: rm } }'), 'bad-key', 'blueprint'),
  bad('__proto__ as a variable', service('env: { «__proto__: x }'), 'bad-key', 'blueprint'),
  bad(
    '__proto__ as a service',
    'name: shop\nservices: { web: { run: { command: x } }, «__proto__: { run: { command: x } } }\n',
    'bad-key',
    'blueprint',
  ),
  bad(
    '__proto__ in JSON',
    '{ "name": "shop", «"__proto__": { "x": 1 }, "services": { "web": { "run": { "command": "x" } } } }',
    'bad-key',
    'blueprint',
  ),
  bad('constructor of the environment', environment('«constructor: { prototype: {} }'), 'unknown-key', 'constructor'),
  bad('prototype of a service', service('«prototype: x'), 'unknown-key', 'services.web.prototype'),
  bad(
    'toString of a port',
    service('ports: [{ containerPort: 80, «toString: x }]'),
    'unknown-key',
    'services.web.ports.0.toString',
  ),
  bad(
    'hasOwnProperty of routing',
    environment('routing: { «hasOwnProperty: x }'),
    'unknown-key',
    'routing.hasOwnProperty',
  ),
  bad('a plan called by a member of every object', environment('plan: «constructor'), 'unknown-plan', 'plan'),
  bad('a very long key', environment(`«${'k'.repeat(500)}: x`), 'unknown-key', `"${'k'.repeat(80)}…"`),
  bad('a very long value', environment(`routing: { mode: «${'m'.repeat(5_000)} }`), 'bad-value', 'routing.mode'),
  bad('a key that acts on terminals', environment('«"\\e[2J": x'), 'unknown-key', '"\\u001b[2J"'),
  bad(
    'a shell in the place of a name',
    'name: shop\nservices: [{ name: «"$(reboot)", run: { command: x } }]\n',
    'bad-value',
    'services."$(reboot)".name',
  ),
  bad(
    'a path in the place of a name',
    'name: shop\nservices: [{ name: «../../etc, run: { command: x } }]\n',
    'bad-value',
    'services."../../etc".name',
  ),
  bad('an alias bomb of nine levels', `${bomb.replace('*c', '«*c')}\n`, 'too-many-aliases', 'blueprint', {
    more: true,
  }),
];
