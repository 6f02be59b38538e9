import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { decideText, sayings } from './testing/decide-text.ts';

vi.setConfig({ testTimeout: 60_000 }); // many runs, on a machine that is shared

// The same Blueprint in any spelling is the same revision: keys and services shuffled, YAML or JSON, list or map, ports
// as numbers, texts or maps, quantities in any unit.

type Written = {
  readonly name: string;
  readonly port: number;
  readonly millicores: number;
  readonly mebibytes: number;
  readonly env: readonly (readonly [string, string])[];
  readonly calls: readonly number[];
  readonly expose: boolean;
};

const service = fc.record({
  port: fc.integer({ min: 1, max: 65_535 }),
  millicores: fc.integer({ min: 1, max: 64 }).map((eighths) => eighths * 125),
  mebibytes: fc.integer({ min: 1, max: 4096 }),
  env: fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/), fc.stringMatching(/^[ -#%-z|~é]{0,12}$/)), {
    selector: ([key]) => key,
    maxLength: 4,
  }),
  calls: fc.uniqueArray(fc.nat(), { maxLength: 3 }),
  expose: fc.boolean(),
});
const blueprint = fc
  .array(service, { minLength: 1, maxLength: 6 })
  .map((services) => services.map((one, index): Written => ({ ...one, name: `svc-${index}` })));

/** Every choice of spelling is a number, so that one Blueprint can be written in many ways. */
type Choose = (options: number) => number;
const chooser = (seed: readonly number[]): Choose => {
  let next = 0;
  return (options) => (seed[next++ % seed.length] ?? 0) % options;
};

function shuffled<T>(items: readonly T[], choose: Choose): T[] {
  const rest = [...items];
  const mixed: T[] = [];
  while (rest.length > 0) mixed.push(...rest.splice(choose(rest.length), 1));
  return mixed;
}

const mixedObject = (entries: readonly (readonly [string, unknown])[], choose: Choose): object =>
  Object.fromEntries(shuffled(entries, choose));

function pick<T>(choose: Choose, ...options: readonly T[]): T {
  return options[choose(options.length)] as T;
}

function writeService(one: Written, all: readonly Written[], choose: Choose): readonly (readonly [string, unknown])[] {
  const callees = [...new Set(one.calls.map((call) => all[call % all.length]?.name ?? ''))].filter(
    (name) => name !== one.name,
  );
  return [
    [
      'run',
      mixedObject(
        [['command', pick<unknown>(choose, 'node', ['node'])], ...pick(choose, [], [['cwd', '.'] as const])],
        choose,
      ),
    ],
    [
      'ports',
      [
        pick<unknown>(
          choose,
          one.port,
          `${one.port}`,
          `${one.port}:${one.port}`,
          mixedObject(
            [
              ['containerPort', one.port],
              ...pick(choose, [], [['name', 'http'] as const, ['protocol', 'http'] as const]),
            ],
            choose,
          ),
        ),
      ],
    ],
    [
      'resources',
      mixedObject(
        [
          ['cpu', pick<unknown>(choose, `${one.millicores}m`, one.millicores / 1000, `${one.millicores / 1000}`)],
          [
            'memory',
            pick<unknown>(choose, `${one.mebibytes}Mi`, one.mebibytes * 1024 ** 2, `${one.mebibytes * 1024}Ki`),
          ],
        ],
        choose,
      ),
    ],
    ['env', mixedObject(one.env, choose)],
    [
      'dependsOn',
      shuffled(callees, choose).map((name) =>
        pick<unknown>(choose, name, { service: name }, { kind: 'calls', service: name, port: 'http', required: true }),
      ),
    ],
    ...(one.expose ? [['expose', true] as const] : pick(choose, [], [['expose', false] as const])),
  ];
}

function write(all: readonly Written[], choose: Choose): string {
  const ordered = shuffled(all, choose);
  const asMap = choose(2) === 1;
  const services = asMap
    ? Object.fromEntries(ordered.map((one) => [one.name, mixedObject(writeService(one, all, choose), choose)]))
    : ordered.map((one) => mixedObject([['name', one.name], ...writeService(one, all, choose)], choose));
  const whole = mixedObject(
    [
      ['name', 'shop'],
      [
        'routing',
        mixedObject(
          [
            ['mode', 'baseline'],
            ...pick(choose, [], [['propagateHeader', true] as const, ['headerName', 'X-MSX-Env'] as const]),
          ],
          choose,
        ),
      ],
      ['services', services],
      ...pick(choose, [], [['labels', {}] as const]),
    ],
    choose,
  );
  return pick(
    choose,
    stringify(whole),
    JSON.stringify(whole),
    JSON.stringify(whole, null, 2),
    stringify(whole, { defaultStringType: 'QUOTE_DOUBLE', collectionStyle: 'flow' }),
  );
}

function revisionOf(text: string): string {
  const decision = decideText(text);
  return decision.kind === 'accepted' ? decision.revision.digest : `${text}\n${sayings(decision).join('\n')}`;
}

test('a Blueprint in any spelling is one revision', () => {
  const seeds = fc.array(fc.nat(), { minLength: 20, maxLength: 60 });
  fc.assert(
    fc.property(blueprint, seeds, seeds, (all, one, other) => {
      const first = revisionOf(write(all, chooser(one)));
      expect(first).toMatch(/^sha256:/);
      expect(revisionOf(write(all, chooser(other)))).toBe(first);
    }),
    { numRuns: 150 },
  );
});

test('a Blueprint that says something else is another revision', () => {
  const text = (port: number): string =>
    `name: shop\nservices: { web: { run: { command: node }, ports: [${port}] } }\n`;
  expect(revisionOf(text(8080))).not.toBe(revisionOf(text(8081)));
});
