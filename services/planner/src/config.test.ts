import { expect, test } from 'vitest';
import { readPlannerConfig } from './config.ts';

test('readPlannerConfig() needs nothing: every setting has a default', () => {
  expect(readPlannerConfig({})).toEqual({ natsUrl: 'nats://127.0.0.1:4222', logLevel: 'info' });
});

test('readPlannerConfig() takes what it is given', () => {
  const env = { NATS_URL: 'nats://bus:4222', MSX_LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' };
  expect(readPlannerConfig(env)).toEqual({
    natsUrl: 'nats://bus:4222',
    logLevel: 'debug',
    otlpEndpoint: 'http://otel:4318',
  });
});
