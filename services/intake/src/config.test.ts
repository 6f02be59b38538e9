import { ConfigError } from '@microstax/service/env';
import { expect, test } from 'vitest';
import { readIntakeConfig } from './config.ts';
import { defaultLimits } from './core/limits.ts';

test('readIntakeConfig() needs nothing: every setting has a default', () => {
  expect(readIntakeConfig({})).toEqual({
    natsUrl: 'nats://127.0.0.1:4222',
    logLevel: 'info',
    parentWaitMs: 60_000,
    limits: defaultLimits,
  });
});

test('readIntakeConfig() takes what it is given', () => {
  const config = readIntakeConfig({
    NATS_URL: 'nats://bus:4222',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    MSX_PARENT_WAIT: '2s',
    MSX_MAX_SERVICES: '10',
  });
  expect(config).toMatchObject({
    natsUrl: 'nats://bus:4222',
    otlpEndpoint: 'http://collector:4318',
    parentWaitMs: 2_000,
  });
  expect(config.limits.maxServices).toBe(10);
});

test('readIntakeConfig() refuses a limit of nothing', () => {
  expect(() => readIntakeConfig({ MSX_MAX_BLUEPRINT_BYTES: '0' })).toThrow(ConfigError);
});
