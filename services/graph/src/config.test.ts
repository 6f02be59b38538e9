import { runtimeFactOf } from '@microstax/model/runtime-fact';
import { expect, test } from 'vitest';
import { readGraphConfig } from './config.ts';

test('readGraphConfig() has a default for everything', () => {
  expect(readGraphConfig({})).toEqual({
    natsUrl: 'nats://127.0.0.1:4222',
    logLevel: 'info',
    otlpEndpoint: undefined,
    databasePath: '.msx/graph.db',
    checkpointMs: 10_000,
    rebuild: false,
    retention: { generations: 100, ms: 2_592_000_000 },
    leaseMs: 15_000,
    redriveMs: 5_000,
    timerMs: 1_000,
    fanOutPerSecond: 160,
    runtime: runtimeFactOf('process'),
  });
});

test('readGraphConfig() takes a key for the audit log that is kept elsewhere', () => {
  expect(readGraphConfig({ MSX_AUDIT_KEY: '/keys/audit.pem' }).auditKeyPath).toBe('/keys/audit.pem');
});

test('readGraphConfig() refuses a duration that cannot be read', () => {
  expect(() => readGraphConfig({ MSX_LEASE: 'soon' })).toThrow('Cannot read MSX_LEASE: found "soon"');
});

test('readGraphConfig() knows the drivers that a runtime may have', () => {
  expect(() => readGraphConfig({ MSX_DRIVER: 'teleport' })).toThrow('Cannot read MSX_DRIVER: found "teleport"');
});

test('readGraphConfig() takes ArangoDB where its address is set', () => {
  expect(readGraphConfig({ MSX_ARANGO_URL: 'http://a:8529, https://b:8529' }).arango).toEqual({
    urls: ['http://a:8529', 'https://b:8529'],
    database: 'msx',
    user: 'root',
    password: '',
  });
  const named = { MSX_ARANGO_DATABASE: 'graph', MSX_ARANGO_USER: 'msx', MSX_ARANGO_PASSWORD: ' hunter2 ' };
  expect(readGraphConfig({ MSX_ARANGO_URL: 'http://a:8529', ...named }).arango).toMatchObject({
    database: 'graph',
    user: 'msx',
    password: ' hunter2 ',
  });
  expect(readGraphConfig({}).arango).toBeUndefined();
});

test.each(['http://root:hunter2@a:8529', 'hunter2@a:8529', 'ftp://a', 'hunter2'])(
  'readGraphConfig() refuses "%s" as an address of ArangoDB and does not repeat it',
  (MSX_ARANGO_URL) => {
    expect(() => readGraphConfig({ MSX_ARANGO_URL })).toThrow(/^Cannot read MSX_ARANGO_URL: (?!.*hunter2)/);
  },
);
