import { expect, test } from 'vitest';
import { readRuntimeConfig } from './config.ts';

test('readRuntimeConfig() has a default for everything', () => {
  expect(readRuntimeConfig({})).toEqual({
    natsUrl: 'nats://127.0.0.1:4222',
    logLevel: 'info',
    org: 'default',
    dataDir: '.msx',
    workDir: '.',
    seedsDir: 'seeds',
    host: {},
    limits: {
      maxParallel: 4,
      leaseMs: 15_000,
      observeMs: 10_000,
      drainMs: 10_000,
      stopGraceMs: 10_000,
      readyMs: 30_000,
      confirmMs: 5_000,
    },
    driver: { kind: 'process' },
    endInstancesOnDispose: true,
  });
});

test('readRuntimeConfig() hands programs PATH, HOME, LANG and TMPDIR, and nothing else of its environment', () => {
  const env = { PATH: '/bin', HOME: '/h', LANG: 'C', TMPDIR: '/t', AWS_SECRET_ACCESS_KEY: 'x', NATS_URL: 'nats://n' };
  expect(readRuntimeConfig(env).host).toEqual({ PATH: '/bin', HOME: '/h', LANG: 'C', TMPDIR: '/t' });
});

test('readRuntimeConfig() refuses a lease that is no duration', () => {
  expect(() => readRuntimeConfig({ MSX_LEASE: 'soon' })).toThrow('Cannot read MSX_LEASE: found "soon"');
});

test('readRuntimeConfig() of a cluster leaves its workloads when it ends', () => {
  const env = { MSX_DRIVER: 'kubernetes', KUBECONFIG: '/k', MSX_KUBE_ROUTER_CIDRS: '10.0.0.0/8, 192.168.0.1/32' };
  expect(readRuntimeConfig(env)).toMatchObject({
    driver: {
      kind: 'kubernetes',
      kubeconfig: '/k',
      gatewayNamespace: 'microstax',
      routerCidrs: ['10.0.0.0/8', '192.168.0.1/32'],
      callTimeoutMs: 15_000,
    },
    limits: { readyMs: 120_000 },
    endInstancesOnDispose: false,
  });
  expect(() => readRuntimeConfig({ MSX_DRIVER: 'moon' })).toThrow('allowed are process, kubernetes');
});
