import { expect, test } from 'vitest';
import { readGraphConfig } from './config.ts';

test('readGraphConfig() has a default for everything', () => {
  expect(readGraphConfig({})).toEqual({
    natsUrl: 'nats://127.0.0.1:4222',
    logLevel: 'info',
    otlpEndpoint: undefined,
    databasePath: '.msx/graph.db',
    leaseMs: 15_000,
    redriveMs: 5_000,
    timerMs: 1_000,
  });
});

test('readGraphConfig() refuses a duration that cannot be read', () => {
  expect(() => readGraphConfig({ MSX_LEASE: 'soon' })).toThrow('Cannot read MSX_LEASE: found "soon"');
});
