import { expect, test } from 'vitest';
import { readPlannerConfig } from './config.ts';

test('readPlannerConfig() needs nothing: every setting has a default', () => {
  expect(readPlannerConfig({})).toEqual({ natsUrl: 'nats://127.0.0.1:4222', logLevel: 'info', policyMs: 2_000 });
});

test('readPlannerConfig() takes what it is given', () => {
  const env = {
    NATS_URL: 'nats://bus:4222',
    MSX_LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318',
    MSX_POLICY_TIMEOUT: '5s',
  };
  expect(readPlannerConfig(env)).toEqual({
    natsUrl: 'nats://bus:4222',
    logLevel: 'debug',
    otlpEndpoint: 'http://otel:4318',
    policyMs: 5_000,
  });
});
