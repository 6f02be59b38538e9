import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IdentifyReply } from '@microstax/contracts/graph-requests';
import { sealArtifact } from '@microstax/model/artifact';
import { closureOfDerivation } from '@microstax/model/closure';
import type { Derivation } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import type { Revision } from '@microstax/model/revision';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Decision, decideBlueprint } from '../decide.ts';
import { identifyRequest } from '../identify.ts';
import { defaultLimits } from '../limits.ts';
import type { ReadBlueprint, UnreadableBlueprint } from '../read-blueprint.ts';
import { decideText, emptyGraph, revisionOfText, sayings, specOf, viewOf } from '../testing/decide-text.ts';
import { readInput, type StoredInput } from './read-input.ts';
import { partsOfClosure, readFromClosure, readFromStored } from './read-stored.ts';

const shop = `
name: shop
description: what is sold
labels: { team: "7", build: 1.20 }
routing: { mode: baseline, headerName: X-Shop, unknown: deny }
budget: { perHour: 12.345678 }
services:
  web:
    run: { command: [node, web.mjs], cwd: web }
    args: ["--port", "\${port.http}"]
    ports: [8080, { name: admin, containerPort: 9000, protocol: tcp }]
    env: { PRICE: 1.50, PAY: "http://\${host.pay}:\${port.pay.http}" }
    expose: true
    dependsOn: [pay, { service: db, kind: writes, required: false }]
  pay:
    formerNames: [payments]
    run: { command: pay }
    ports: [8080]
    secrets: [{ name: key, envKey: KEY, value: auto-generated }]
    resources: { cpu: 250m, memory: 1Gi }
    sharing: { inherit: require }
    description: takes money
    labels: { tier: gold }
  db:
    run: { command: db }
    ports: [{ containerPort: 5432, protocol: tcp }]
    stateful: true
`;
const stored = sealArtifact('revision', revisionOfText(shop));

function decideStored(
  text: string,
  about: { env?: string; graph?: IdentifyReply; revision?: Revision } = {},
): Decision {
  const { env = 'shop', graph = emptyGraph } = about;
  const { digest, bytes } = about.revision ? sealArtifact('revision', about.revision) : stored;
  return decide(readFromStored(inputOf(text, env), { kind: 'revision', digest, bytes }), graph);
}

function decide(blueprint: ReadBlueprint | UnreadableBlueprint, graph: IdentifyReply): Decision {
  const asked = blueprint.kind === 'read' && identifyRequest(blueprint) !== undefined;
  return decideBlueprint(blueprint, asked ? graph : null);
}

function inputOf(text: string, env = 'shop'): StoredInput {
  const input = readInput(text, { org: 'default', env }, defaultLimits);
  if (input.kind !== 'stored') throw new Error(`not stored but ${input.kind}: ${JSON.stringify(input.findings)}`);
  return input;
}

function accepted(decision: Decision): Revision {
  if (decision.kind !== 'accepted') throw new Error(`${decision.kind}: ${JSON.stringify(decision.findings)}`);
  return decision.revision.value;
}

const from = 'from: { env: shop, generation: 3 }\n';

test('what is taken from a stored generation as it is, is the same revision', () => {
  expect(sealArtifact('revision', accepted(decideStored(from))).digest).toBe(stored.digest);
});

const root = join(import.meta.dirname, '..', '..', '..', '..', '..');
const complete = `
name: whole
routing: { mode: baseline, front: allow, overlayId: blue, providers: { ext: other }, pools: [a, b] }
ttl: 72h
autoShutdownEnabled: true
autoShutdownDelayMinutes: 20
residency: { region: eu-west, allowed: [eu-west, eu-north] }
snapshot: { from: live/nightly, services: [db], sanitise: { users.email: hash } }
seeds: [demo@2, { name: more, services: [db] }]
services:
  api:
    image: acme/api:1.4
    command: [serve]
    workingDir: /app
    user: "1000"
    replicas: 3
    ports: [8080, 9000/udp]
    secrets: [{ name: k, envKey: K, ref: vault/key }]
    resources: { requests: { cpu: 1, memory: 1Gi }, limits: { cpu: 2, memory: 2Gi } }
    probes:
      readiness: { http: { path: /ready, headers: { X-A: b } }, initialDelay: 1m30s, failures: 2 }
      liveness: { exec: { command: [check] } }
      startup: { tcp: { port: 8080 } }
    volumes:
      - { name: conf, mountPath: /etc/api, type: config, files: { a.txt: text } }
      - { name: data, mountPath: /data, size: 2Gi, subPath: x }
      - { name: host, mountPath: /host, type: bind, source: ./here, readOnly: true }
    mocks: { mode: sidecar, image: mock:1, env: { A: b } }
    init: [{ name: one, type: command, command: [setup] }, { type: sql, script: select 1 }]
    contract: { version: "1.4" }
    dependsOn: [{ service: db, kind: reads, contract: "1.2" }, { service: ext, port: web }]
  db: { image: db, stateful: true, contract: { version: "1.3" }, ports: [{ containerPort: 5432, protocol: tcp }] }
`;

test('every word of the grammar, written out of what is stored, is the same revision', () => {
  const revision = revisionOfText(complete, { env: 'whole' });
  expect(accepted(decideStored('from: { env: whole, generation: 1 }', { env: 'whole', revision }))).toEqual(revision);
});

test('requests that are changed in their other spelling stay requests', () => {
  const changes = 'changes: { services: { pay: { resources: { requests: { cpu: 2 } } } } }';
  const pay = specOf(accepted(decideStored(`${from}${changes}`)), 'pay');
  expect(pay.resources).toEqual({ cpuMillicores: 2000, memoryBytes: 1024 ** 3, storageBytes: 0 });
});

test('every example that is written out of what is stored is the same revision', () => {
  const files = globSync(['examples/**/*.yaml'], { cwd: root }).filter((file) => !file.includes('node_modules'));
  let seen = 0;
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const { name: env, routing } = parse(text) as { name?: string; routing?: { baselineId?: string } };
    if (env === undefined) continue;
    const parent = routing?.baselineId;
    const names = ['web', 'catalog', 'cart', 'checkout', 'payments', 'shipping', 'orders', 'db', 'customer', 'driver'];
    const graph = parent === undefined ? emptyGraph : { ...emptyGraph, parent: viewOf(parent, names) };
    const first = decideText(text, { env, graph });
    if (first.kind !== 'accepted') continue;
    seen += 1;
    const revision = first.revision.value;
    const again = decideStored(`from: { env: ${env}, generation: 1 }`, { env, graph, revision });
    expect([file, accepted(again)]).toEqual([file, revision]);
  }
  expect(seen).toBeGreaterThan(2);
});

test('changes are merged by service and field: maps by key, the rest replaced, null takes away', () => {
  const revision = accepted(
    decideStored(`${from}changes:
  description: null
  labels: { build: "2" }
  services:
    web: { env: { PRICE: 2, MORE: x }, ports: [8080], dependsOn: [pay] }
    db: null
    mail: { run: { command: mail } }
`),
  );
  expect(revision).toMatchObject({
    labels: { team: '7', build: '2' },
    routing: { headerName: 'x-shop', unknown: 'deny' },
  });
  expect(revision.description).toBeUndefined();
  expect(revision.services.map(({ name }) => name)).toEqual(['mail', 'pay', 'web']);
  const web = specOf(revision, 'web');
  expect(web.env).toEqual({ MORE: 'x', PAY: `http://\${host.pay}:\${port.pay.http}`, PRICE: '2' });
  expect(web.ports.map(({ name }) => name)).toEqual(['http']);
  expect(web).toMatchObject({ run: { cwd: 'web' }, expose: true, dependsOn: [{ service: 'pay' }] });
  expect(specOf(revision, 'pay')).toEqual(specOf(stored.value, 'pay'));
});

test('changes may list their services, and a removal stands alone', () => {
  const team = { ...emptyGraph, parent: viewOf('shop', ['web', 'pay', 'db']) };
  const overlay = revisionOfText(
    'name: team\nrouting: { mode: overlay, baselineId: shop }\nservices: { pay: { run: { command: pay } } }',
    {
      env: 'team',
      graph: team,
    },
  );
  const decision = decideStored(
    'from: { env: team, generation: 1 }\nchanges: { services: [{ name: pay, remove: true }] }',
    {
      env: 'team',
      graph: team,
      revision: overlay,
    },
  );
  expect(accepted(decision).services).toEqual([{ kind: 'remove', name: 'pay' }]);
});

test('identities are those of what is stored, also where the graph knows the name as another service', () => {
  const identities = { web: 'svc-other', pay: 'svc-other-2' };
  const again = accepted(decideStored(from, { graph: { ...emptyGraph, identities } }));
  expect(again).toEqual(stored.value);
  const renamed = accepted(
    decideStored(`${from}changes:
  services:
    pay: null
    paying: { formerNames: [pay], run: { command: pay }, ports: [8080] }
    web: { dependsOn: [paying], env: { PAY: null } }
`),
  );
  const identityOf = (revision: Revision, service: string) =>
    revision.services.flatMap((one) => (one.kind === 'run' && one.name === service ? [one.identity] : []));
  expect(identityOf(renamed, 'paying')).toEqual(identityOf(stored.value, 'pay'));
});

test('under another name it is another environment of the same project, selected by its own name', () => {
  const copy = accepted(decideStored(from, { env: 'shop-copy' }));
  expect(copy).toEqual({ ...stored.value, env: 'shop-copy', routing: { ...stored.value.routing, value: 'shop-copy' } });
});

test('what is wrong with a change is said where the change stands', () => {
  const decision = decideStored(`${from}changes:
  services:
    web:
      ports: [99999]
      dependsOn: [pya]
`);
  expect(decision.kind).toBe('rejected');
  expect(sayings(decision)).toEqual(['5:15 bad-value services.web.ports.0.containerPort']);
});

test.each([
  ['1:7 missing-key from.env', 'from: { generation: 1 }'],
  ['1:7 missing-key from.generation', 'from: { env: shop }'],
  ['1:32 bad-value from.generation', 'from: { env: shop, generation: 1.5 }'],
  ['1:32 bad-value from.generation', 'from: { env: shop, generation: [1] }'],
  ['1:14 bad-value from.env', 'from: { env: Shop, generation: 1 }'],
  ['1:17 unknown-key from.at', 'from: { env: a, at: 2, generation: 1 }'],
  ['1:7 wrong-type from', 'from: shop@3'],
  ['1:10 bad-value closure', 'closure: sha256:12'],
  ['2:1 two-sources closure', `from: { env: shop, generation: 1 }\nclosure: sha256:${'0'.repeat(64)}`],
  ['2:10 wrong-type changes', `${from}changes: [a]`],
  ['2:1 unknown-key services', `${from}services: {}`],
])('a source that cannot be read says %s', (saying, text) => {
  const input = readInput(text, { org: 'default', env: 'shop' }, defaultLimits);
  if (input.kind !== 'unreadable') throw new Error(input.kind);
  expect(sayings(input)).toEqual([saying]);
});

test('a source that nobody has is refused with what there is', () => {
  const unknown = readFromStored(inputOf(from), { kind: 'unknown environment', known: ['a', 'b'] });
  expect(unknown).toMatchObject({ findings: [{ code: 'unknown-source', next: 'known are "a" or "b"' }] });
  const generation = readFromStored(inputOf(from), { kind: 'unknown generation', known: ['1', '2'] });
  const next = 'known are "1" or "2"; see: msx get activations shop';
  expect(generation).toMatchObject({
    findings: [{ code: 'unknown-source', reason: '"shop" has no generation 3', next }],
  });
  expect(readFromStored(inputOf(from), { kind: 'not kept' })).toMatchObject({
    findings: [{ code: 'source-not-kept' }],
  });
});

test('bytes that are not those of their digest are never used', () => {
  const bytes = stored.bytes.replace('takes money', 'takes more!');
  expect(readFromStored(inputOf(from), { kind: 'revision', digest: stored.digest, bytes })).toMatchObject({
    findings: [{ code: 'digest-differs' }],
  });
});

const [policy, facts] = [sealArtifact('policy', []), sealArtifact('facts', { hours: 8 })];
const derivation = sealArtifact<Derivation>('derivation', {
  org: 'default',
  env: 'shop',
  revision: stored.digest,
  lineage: [],
  outside: [],
  wanted: 'running',
  policy: policy.digest,
  facts: facts.digest,
});
const closure = closureOfDerivation(derivation);
const parts = new Map<Digest, string>([stored, policy, facts, derivation].map(({ digest, bytes }) => [digest, bytes]));
const named = inputOf(`closure: ${closure.digest}`);

test('a closure recreates its revision, and names itself as the source', () => {
  expect(partsOfClosure(named, closure.bytes).map(({ kind }) => kind)).toEqual([
    'derivation',
    'revision',
    'policy',
    'facts',
  ]);
  const read = readFromClosure(named, closure.bytes, parts);
  expect(sealArtifact('revision', accepted(decide(read, emptyGraph))).digest).toBe(stored.digest);
  expect(read).toMatchObject({ origin: { source: `closure ${closure.digest}`, revision: stored.digest } });
});

test.each<[string, string | undefined, ReadonlyMap<Digest, string>]>([
  ['unknown-source', undefined, parts],
  ['digest-differs', closure.bytes.replace('"shop"', '"shoq"'), parts],
  ['digest-differs', closure.bytes, new Map(parts).set(policy.digest, '[1]')],
  ['source-not-kept', closure.bytes, new Map([...parts].filter(([digest]) => digest !== facts.digest))],
])('a closure of which a part is not what its digest says is refused: %s', (code, bytes, having) => {
  expect(readFromClosure(named, bytes, having)).toMatchObject({ kind: 'unreadable', findings: [{ code }] });
});

test('a closure of another organisation is refused', () => {
  const foreign = closureOfDerivation(sealArtifact('derivation', { ...derivation.value, org: 'acme' }));
  expect(readFromClosure(inputOf(`closure: ${foreign.digest}`), foreign.bytes, parts)).toMatchObject({
    findings: [{ code: 'foreign-source' }],
  });
});

const word = fc.constantFrom(
  'services',
  'web',
  'pay',
  'routing',
  'mode',
  'env',
  'ports',
  'resources',
  'requests',
  'remove',
  'name',
  'labels',
  'dependsOn',
  'run',
  'constructor',
);
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, 0, 'x', '', 8080, 'overlay', 'pay', [], {}),
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  map: fc.dictionary(word, tie('value'), { maxKeys: 4 }),
}));

test('whatever is written as changes is decided, and every finding has its place', () => {
  const kinds = new Set<string>();
  const property = fc.property(anything.map, fc.boolean(), (changes, json) => {
    const text = json
      ? JSON.stringify({ from: { env: 'shop', generation: 3 }, changes })
      : stringify({ from: { env: 'shop', generation: 3 }, changes });
    const decision = decideStored(text);
    kinds.add(decision.kind);
    for (const finding of decision.findings) expect(finding.position, JSON.stringify(finding)).toBeDefined();
  });
  fc.assert(property, { numRuns: 500 });
  expect([...kinds].sort()).toEqual(['accepted', 'rejected']);
});
