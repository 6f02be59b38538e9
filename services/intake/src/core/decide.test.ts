import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { decideText, emptyGraph, revisionOfText, viewOf } from './testing/decide-text.ts';

vi.setConfig({ testTimeout: 60_000 }); // many runs, on a machine that is shared

test('decideBlueprint() gives services the identities that the graph proposes, and proposes new ones like it', () => {
  const text =
    'name: shop\nservices: { web: { run: { command: x } }, api: { run: { command: x }, formerNames: [backend] } }\n';
  const revision = revisionOfText(text, { graph: { ...emptyGraph, identities: { api: 'svc-known' } } });
  expect(revision.services).toMatchObject([
    { kind: 'run', name: 'api', identity: 'svc-known', formerNames: ['backend'] },
    { kind: 'run', name: 'web', identity: expect.stringMatching(/^svc-[0-9a-f]{20}$/) },
  ]);
});

test('decideBlueprint() accepts services that are called like members of every object', () => {
  const names = ['constructor', 'tostring', 'hasownproperty'];
  const services = Object.fromEntries(
    names.map((name) => [name, { run: { command: 'x' }, env: { constructor: 'x', toString: 'y' } }]),
  );
  const revision = revisionOfText(
    stringify({ name: 'shop', services, routing: { providers: { constructor: 'other' } } }),
  );
  expect(revision.services.map(({ name }) => name)).toEqual([...names].sort());
});

test('decideBlueprint() never throws: it answers every text with a revision or with findings that have a place', () => {
  const scalar = fc.oneof(fc.string({ maxLength: 8 }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
  const anything = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(words, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const field = (...names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 6 });
  const service = field(
    'name',
    'run',
    'args',
    'ports',
    'env',
    'secrets',
    'resources',
    'dependsOn',
    'remove',
    'sharing',
    'labels',
    'replicas',
    'formerNames',
    'expose',
    'stateful',
  );
  const document = fc.record(
    {
      name: fc.oneof(fc.constant('shop'), anything),
      services: fc.oneof(fc.array(service), fc.dictionary(words, service), anything),
      routing: fc.oneof(field('mode', 'baselineId', 'overlayId', 'providers', 'pools', 'track'), anything),
      labels: anything,
      budget: anything,
      extra: anything,
    },
    { requiredKeys: [] },
  );
  const graph = { ...emptyGraph, parent: viewOf('base', ['web', 'api']) };
  fc.assert(
    fc.property(
      fc.oneof(
        document.map((value) => stringify(value)),
        document.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      (text) => {
        const decision = decideText(text, { graph });
        if (decision.kind === 'accepted') return;
        expect(decision.findings.length + (decision.kind === 'needs parent' ? 1 : 0)).toBeGreaterThan(0);
        for (const { position, reason } of decision.findings) {
          expect(position?.line).toBeGreaterThan(0);
          expect(reason).not.toMatch(/\.$|undefined|\[object/);
        }
      },
    ),
    { numRuns: 600 },
  );
});

const words = fc.constantFrom(
  'name',
  'service',
  'command',
  'cwd',
  'containerPort',
  'protocol',
  'value',
  'envKey',
  'cpu',
  'inherit',
  'mode',
  'web',
  'a b',
  '<<',
  'constructor',
);

test('decideBlueprint() counts more findings than a call has room for arguments', () => {
  const dependsOn = Array.from({ length: 150_000 }, (_, index) => `nobody-${index}`);
  const text = JSON.stringify({ name: 'shop', services: [{ name: 'web', run: { command: 'x' }, dependsOn }] });
  expect(decideText(text).findings.at(-1)?.reason).toBe('149901 more findings are not listed, maxFindings is 100');
});

test('decideBlueprint() decides thousands of services', () => {
  const services = Array.from({ length: 3_000 }, (_, index) => ({
    name: `s${index}`,
    run: { command: ['node', 'server.ts'], cwd: 'examples' },
    ports: [{ name: 'http', containerPort: 8080 }],
    env: { PORT: `\${port.http}`, NEXT: `http://\${host.s${(index * 7 + 1) % 3_000}}` },
    resources: { cpu: '250m', memory: '128Mi' },
    dependsOn: [...new Set([`s${(index * 7 + 1) % 3_000}`, `s${(index * 11 + 3) % 3_000}`])].filter(
      (name) => name !== `s${index}`,
    ),
  }));
  const text = JSON.stringify({ name: 'shop', services });
  expect(decideText(text).kind).toBe('accepted');
});
