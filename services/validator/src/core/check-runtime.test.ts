import { must } from '@microstax/model/must';
import { runtimeFactOf } from '@microstax/model/runtime-fact';
import { describe, expect, test } from 'vitest';
import { judgeActivation } from './judge-activation.ts';
import { type SceneDraft, scene } from './testing/scene.ts';

const runtime = must(runtimeFactOf('process'), 'there is a driver for processes');
const withImage: SceneDraft = { runtime, specs: { pay: { run: null, image: 'docker.io/acme/pay:2' } } };

function sayings(draft: SceneDraft, preview = false): readonly string[] {
  const { findings } = judgeActivation(scene(draft), { preview }).findings.value;
  return findings.map(({ severity, code, subject, evidence }) => `${severity} ${code} ${subject} ${evidence?.field}`);
}

describe('an activation', () => {
  test('of what local processes realise is approved', () => {
    expect(sayings({ runtime, specs: { pay: { stateful: true, args: ['-v'] } } })).toEqual([]);
  });

  test('of an image is denied by a runtime of processes, which says what to do', () => {
    const judgement = judgeActivation(scene(withImage));
    expect(judgement.kind).toBe('denied');
    expect(judgement.findings.value.findings).toMatchObject([
      {
        code: 'not-realisable',
        subject: 'pay',
        reason: 'pay declares image, and driver "process" of this runtime does not realise image',
        next: expect.stringContaining('run: { command: [program, argument] }'),
      },
    ]);
  });

  test('of a program is denied by a runtime of a cluster, of an image it is approved', () => {
    const cluster = must(runtimeFactOf('kubernetes'), 'there is a driver for clusters');
    const image = { run: null, image: 'docker.io/acme/pay:2' };
    expect(sayings({ runtime: cluster, specs: { pay: { image: 'docker.io/acme/pay:2' } } })).toContain(
      'error not-realisable pay run',
    );
    expect(sayings({ runtime: cluster, specs: { pay: image } }).filter((said) => said.includes(' pay '))).toEqual([]);
  });

  test('names every field that nobody here acts on', () => {
    const probe = { initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 1, failures: 1, successes: 1 };
    const pay = {
      ports: [{ name: 'dns', containerPort: 53, protocol: 'udp' }],
      secrets: [{ name: 'db', envKey: 'DB', source: 'reference', secret: 'db', key: 'password' }],
      volumes: [{ name: 'data', mountPath: '/data', type: 'pvc', readOnly: false, sizeBytes: 1 }],
      init: [{ name: 'init-1', type: 'sql', script: 'select 1' }],
      probes: { liveness: { check: { kind: 'grpc', port: 1 }, ...probe } },
      mocks: { mode: 'mirror', image: 'x', args: [], env: {} },
    } as const;
    expect(sayings({ runtime, specs: { pay } })).toEqual(
      ['init.init-1', 'mocks', 'ports.dns', 'probes.liveness', 'secrets.db', 'volumes.data'].map(
        (field) => `error not-realisable pay ${field}`,
      ),
    );
  });

  test("is asked for the environment's own words too", () => {
    const own = { ttlSeconds: 60, snapshot: { from: { env: 'shop' } }, seeds: [{ name: 'demo' }] };
    expect(sayings({ runtime, own })).toEqual([]);
    const cluster = { driver: 'kubernetes', realises: ['ports.http', 'run', 'ttl'] } as const;
    expect(sayings({ runtime: cluster, own })).toEqual(
      ['seeds', 'snapshot'].map((field) => `error not-realisable feat ${field}`),
    );
  });

  test('is not asked for services that are inherited, nor when it ends', () => {
    expect(sayings({ ...withImage, costs: {} })).toEqual([]);
    expect(sayings({ ...withImage, wanted: 'deleted' })).toEqual([]);
  });

  test('is not denied for what nobody froze', () => {
    expect(sayings({ specs: { pay: { run: null, image: 'x' } } })).toEqual([]);
  });
});

test('a preview of what cannot be realised here is approved with a warning', () => {
  expect(sayings(withImage, true)).toEqual(['warning not-realisable pay image']);
  expect(judgeActivation(scene(withImage), { preview: true }).kind).toBe('approved');
});
