import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decideText, emptyGraph, findingIn, revisionOfText, sayings, specOf, viewOf } from './testing/decide-text.ts';
import { wholeBlueprint } from './testing/whole-blueprint.ts';

test('every field of a Blueprint has its normal form', () => {
  const revision = revisionOfText(wholeBlueprint);
  expect(revision).toMatchObject({
    budget: { microsPerHour: 1_500_000 },
    residency: { region: 'eu-west', allowed: ['eu-north', 'eu-west'] },
    ttlSeconds: 259_200,
    autoShutdown: { delaySeconds: 2_700 },
    snapshot: {
      from: { env: 'prod', name: 'nightly' },
      services: ['db'],
      sanitise: { 'users.email': 'mask', 'users.id': 'keep', 'users.name': 'fake' },
      unclassified: 'allow',
    },
    seeds: [{ name: 'demo' }, { name: 'users', version: '2' }, { name: 'orders', version: '1.10', services: ['db'] }],
    routing: {
      front: 'allow',
      propagateHeader: false,
      providers: { search: 'tools' },
      externals: {
        mail: { host: 'mail.example.com', port: 25, portName: 'tcp', protocol: 'tcp', region: 'eu-west' },
        vault: { host: '2001:db8::7', port: 8200, portName: 'api', protocol: 'http' },
      },
      pools: ['common', 'spare'],
      poolTerms: { spare: { capacity: 3, labels: { kind: 'pool', tier: '1' } } },
    },
  });
  expect(specOf(revision, 'db')).toMatchObject({
    image: `registry.example:5000/postgres@sha256:${'ab'.repeat(32)}`,
    contract: { version: '1.10' },
  });
  expect(specOf(revision, 'api')).toEqual({
    name: 'api',
    image: 'docker.io/acme/api:2',
    command: ['api'],
    workingDir: '/srv',
    user: '1000',
    security: { runAsNonRoot: true, capabilities: { add: [], drop: ['ALL'] } },
    args: ['--workers', '8'],
    ports: [
      { name: 'dns-tcp', containerPort: 53, protocol: 'tcp' },
      { name: 'grpc', containerPort: 9000, protocol: 'grpc' },
      { name: 'http', containerPort: 8080, protocol: 'http' },
      { name: 'udp', containerPort: 53, protocol: 'udp' },
    ],
    env: { MODE: 'fast', RATE: '1.50' },
    secrets: [
      { name: 'key', envKey: 'KEY', source: 'auto-generated' },
      { name: 'pass', envKey: 'PASS', source: 'reference', secret: 'shop-db', key: 'password' },
    ],
    resources: {
      cpuMillicores: 1_000,
      memoryBytes: 1024 ** 3,
      storageBytes: 0,
      limits: { cpuMillicores: 2_000, memoryBytes: 2 * 1024 ** 3 },
    },
    replicas: 3,
    probes: {
      startup: {
        check: { kind: 'tcp', port: 'http' },
        initialDelaySeconds: 0,
        periodSeconds: 1,
        timeoutSeconds: 1,
        failures: 30,
        successes: 1,
      },
      readiness: {
        check: { kind: 'http', port: 'http', path: '/ready', headers: { 'X-From': 'probe' } },
        initialDelaySeconds: 90,
        periodSeconds: 10,
        timeoutSeconds: 2,
        failures: 3,
        successes: 1,
      },
      liveness: {
        check: { kind: 'exec', command: ['alive'] },
        initialDelaySeconds: 0,
        periodSeconds: 10,
        timeoutSeconds: 1,
        failures: 3,
        successes: 1,
      },
    },
    volumes: [
      { name: 'conf', mountPath: '/etc/api', type: 'config', readOnly: true, files: { 'a.yaml': 'x: 1' } },
      { name: 'data', mountPath: '/data', type: 'pvc', readOnly: false, sizeBytes: 10 * 1024 ** 3 },
      { name: 'tmp', mountPath: '/tmp', type: 'empty', readOnly: false },
    ],
    mocks: { mode: 'sidecar', image: 'docker.io/acme/mock:latest', args: [], env: { PORT: '1' } },
    init: [{ name: 'init-1', type: 'sql', script: 'select 1' }],
    contract: { version: '1.4' },
    expose: false,
    stateful: false,
    sharing: 'allow',
    dependsOn: [
      {
        service: 'db',
        kind: 'calls',
        port: 'tcp',
        protocol: 'tcp',
        propagates: false,
        required: true,
        contract: '1.0',
      },
    ],
    labels: {},
  });
});

test('what an older Blueprint says has the digest that it always had', () => {
  const read = (file: string): string => readFileSync(new URL(`../../../../examples/${file}`, import.meta.url), 'utf8');
  const digestOf = (file: string, about: Parameters<typeof decideText>[1]): unknown => {
    const decision = decideText(read(file), about);
    return decision.kind === 'accepted' ? decision.revision.digest : sayings(decision);
  };
  expect(digestOf('hotrod/baseline.yaml', { env: 'hotrod' })).toBe(
    'sha256:7eb04ad731a0b9891466f2c44ef9cef6f3e4db9a85ab56889bf2d7483979dfb6',
  );
  const parent = viewOf('shop', ['web', 'catalog', 'pricing', 'cart', 'store', 'checkout', 'payments', 'shipping']);
  expect(digestOf('storefront/overlay-payments.yaml', { env: 'feat-payments', graph: { ...emptyGraph, parent } })).toBe(
    'sha256:8dbbd02e13c04881e90ea395a3a140defd9ae233c1fdfa6de5ae9cacbcebf794',
  );
});

test('a chosen plan leaves no trace but its values, and a finding about one stands in the plan', () => {
  const text = (plan: string, replicas: string): string =>
    `name: shop\n${plan}services: { web: { run: { command: x }, replicas: ${replicas} } }\n`;
  const planned = (replicas: string): string =>
    `plan: p\nplans: { p: { services: { web: { replicas: ${replicas}, resources: { cpu: 0 } } } } }\n`;
  expect(findingIn(decideText(text(planned('2'), '1')), 'bad-quantity')).toMatchObject({
    subject: 'services.web.resources.cpu',
    position: { line: 3, column: 65 },
  });
  const quiet = 'plan: p\nplans: { p: { services: { web: { replicas: 2 } } } }\n';
  expect(revisionOfText(text(quiet, '1'))).toEqual(revisionOfText(text('', '2')));
});
