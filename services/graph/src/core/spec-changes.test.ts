import { specDigest } from '@microstax/model/service-spec';
import { aService, type ServiceDraft } from '@microstax/testkit/blueprints';
import { services } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { movesOwnership, shownValueLengthMax, specChanges } from './spec-changes.ts';

const changesOf = (before: ServiceDraft, after: ServiceDraft) =>
  specChanges(aService('pay', before), aService('pay', after));

/** Mostly equal up to somewhere, with characters of one and two code units. */
const longTexts = fc.string({ unit: fc.constantFrom('😀', '😀', '😀', 'a'), maxLength: 120, size: 'max' });

describe('specChanges()', () => {
  test('names an environment value by its key, with both values', () => {
    expect(changesOf({ env: { FEE_PERCENT: '2', MODE: 'x' } }, { env: { FEE_PERCENT: '3', MODE: 'x' } })).toEqual([
      { pointer: '/env/FEE_PERCENT', class: 'behaviour', before: '2', after: '3' },
    ]);
  });

  test('tells an absent value from an empty one', () => {
    expect(changesOf({}, { env: { FEE_PERCENT: '' } })).toEqual([
      { pointer: '/env/FEE_PERCENT', class: 'behaviour', before: null, after: '' },
    ]);
  });

  const http = { name: 'http', containerPort: 8080, protocol: 'http' } as const;
  const probe = {
    check: { kind: 'tcp', port: 'http' },
    initialDelaySeconds: 0,
    periodSeconds: 10,
    timeoutSeconds: 1,
    failures: 3,
    successes: 1,
  } as const;
  const volume = { name: 'data', mountPath: '/data', type: 'pvc', readOnly: false, sizeBytes: 1 } as const;
  const table: [string, ServiceDraft, ServiceDraft, string][] = [
    ['a command', {}, { run: { command: ['pay', '-v'], cwd: '.' } }, '/run/command behaviour'],
    ['a folder', {}, { run: { command: ['node', 'pay.mjs'], cwd: 'next' } }, '/run/cwd behaviour'],
    ['an argument', {}, { args: ['-v'] }, '/args behaviour'],
    ['the order of arguments', { args: ['a', 'b'] }, { args: ['b', 'a'] }, '/args behaviour'],
    ['a port', {}, { ports: [{ ...http, containerPort: 9090 }] }, '/ports/http contract'],
    ['a protocol', {}, { ports: [{ ...http, protocol: 'grpc' }] }, '/ports/http contract'],
    ['a second port', {}, { ports: [http, { ...http, name: 'admin' }] }, '/ports/admin contract'],
    ['a dependency', {}, { dependsOn: ['db'] }, '/dependsOn/db behaviour'],
    [
      'a weaker dependency',
      { dependsOn: ['db'] },
      { dependsOn: [{ service: 'db', required: false }] },
      '/dependsOn/db behaviour',
    ],
    ['kept data', {}, { stateful: true }, '/stateful data'],
    ['cpu', {}, { resources: { ...aService('x').resources, cpuMillicores: 1 } }, '/resources/cpuMillicores capacity'],
    [
      'an image',
      {},
      { run: null, image: 'docker.io/acme/pay:2' },
      '/image behaviour, /run/command behaviour, /run/cwd behaviour',
    ],
    ['an entrypoint', {}, { command: ['pay'] }, '/command behaviour'],
    ['a working directory', {}, { workingDir: '/srv' }, '/workingDir behaviour'],
    ['a user', {}, { user: '1000' }, '/user behaviour'],
    ['a probe', {}, { probes: { readiness: probe } }, '/probes/readiness behaviour'],
    ['a mock', {}, { mocks: { mode: 'replace', image: 'mock', args: [], env: {} } }, '/mocks behaviour'],
    ['a volume', {}, { volumes: [volume] }, '/volumes/data data'],
    ['its size', { volumes: [volume] }, { volumes: [{ ...volume, sizeBytes: 2 }] }, '/volumes/data data'],
    ['a step before the start', {}, { init: [{ name: 'init-1', type: 'sql', script: 'x' }] }, '/init data'],
    ['a contract', {}, { contract: { version: '1.4' } }, '/contract/version contract'],
    [
      'a required contract',
      { dependsOn: ['db'] },
      { dependsOn: [{ service: 'db', contract: '1.2' }] },
      '/dependsOn/db behaviour',
    ],
    ['replicas', {}, { replicas: 3 }, '/replicas capacity'],
    [
      'a limit',
      {},
      { resources: { ...aService('x').resources, limits: { memoryBytes: 1 } } },
      '/resources/limits/memoryBytes capacity',
    ],
    ['sharing', {}, { sharing: 'deny' }, '/sharing policy'],
    ['exposure', {}, { expose: true }, '/expose policy'],
    ['a description', {}, { description: 'pays' }, '/description metadata'],
    ['a label', {}, { labels: { tier: 'gold' } }, '/labels/tier metadata'],
  ];
  test.each(table)('gives %s its pointer and class', (_, before, after, expected) => {
    expect(
      changesOf(before, after)
        .map((change) => `${change.pointer} ${change.class}`)
        .join(', '),
    ).toBe(expected);
  });

  test('shows a secret by reference only', () => {
    const secret = { name: 'db-password', envKey: 'DB_PASSWORD', source: 'auto-generated' } as const;

    expect(changesOf({}, { secrets: [secret] })).toEqual([
      {
        pointer: '/secrets/DB_PASSWORD',
        class: 'behaviour',
        before: null,
        after: 'secret "db-password" (auto-generated)',
      },
    ]);
  });

  test('takes one replica that is stated for the one that is not', () => {
    expect(changesOf({}, { replicas: 1 })).toEqual([]);
  });

  test('keeps several dependencies on one service under one pointer, in no order of their own', () => {
    const reads = { service: 'db', kind: 'reads', protocol: 'tcp' } as const;
    const writes = { service: 'db', kind: 'writes', protocol: 'tcp' } as const;
    const spec = aService('pay', { dependsOn: [reads, writes] });

    expect(specChanges(spec, { ...spec, dependsOn: [...spec.dependsOn].reverse() })).toEqual([]);
    expect(specChanges(aService('pay', { dependsOn: [reads] }), spec)).toMatchObject([
      {
        pointer: '/dependsOn/db',
        after: 'reads over tcp; writes over tcp',
      },
    ]);
  });

  test('escapes a key for its pointer', () => {
    expect(changesOf({}, { labels: { 'team/~owner': 'us' } }).map((change) => change.pointer)).toEqual([
      '/labels/team~1~0owner',
    ]);
  });

  test('shows long values around their first difference', () => {
    const long = `${'a'.repeat(300)}`;
    const [change] = changesOf({ env: { OPTS: `${long}-old-${long}` } }, { env: { OPTS: `${long}-new-${long}` } });

    expect(change?.before).toContain('-old-');
    expect(change?.after).toContain('-new-');
    expect(change?.before).toHaveLength(shownValueLengthMax);
  });

  test('never shows more than its bound, and never half a character', () => {
    fc.assert(
      fc.property(longTexts, longTexts, (a, b) => {
        for (const change of changesOf({ env: { OPTS: a } }, { env: { OPTS: b } })) {
          for (const shown of [change.before ?? '', change.after ?? '']) {
            expect(shown.length).toBeLessThanOrEqual(shownValueLengthMax);
            expect(shown.isWellFormed()).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is empty exactly for equal specs, and the way back swaps both values', () => {
    fc.assert(
      fc.property(services('pay'), services('pay'), (a, b) => {
        const there = specChanges(a, b);

        expect(specChanges(a, a)).toEqual([]);
        expect(there.length === 0).toBe(specDigest(a) === specDigest(b));
        expect(specChanges(b, a)).toEqual(
          there.map((change) => ({ ...change, before: change.after, after: change.before })),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('movesOwnership()', () => {
  test('takes one change of behaviour, contract or data', () => {
    expect(movesOwnership(changesOf({}, { expose: true, env: { A: '1' } }))).toBe(true);
    expect(movesOwnership(changesOf({}, { ports: [] }))).toBe(true);
    expect(movesOwnership(changesOf({}, { stateful: true }))).toBe(true);
  });

  test('is not moved by capacity, policy and metadata', () => {
    const resources = { cpuMillicores: 1, memoryBytes: 1, storageBytes: 1 };

    expect(movesOwnership(changesOf({}, { expose: true, sharing: 'deny', labels: { a: 'b' }, resources }))).toBe(false);
    expect(movesOwnership([])).toBe(false);
  });
});
