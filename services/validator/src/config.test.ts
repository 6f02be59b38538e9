import { expect, test } from 'vitest';
import { readValidatorConfig } from './config.ts';

test('readValidatorConfig() needs nothing: every setting has a default', () => {
  expect(readValidatorConfig({})).toEqual({ natsUrl: 'nats://127.0.0.1:4222', logLevel: 'info' });
});

test('readValidatorConfig() takes what it is given', () => {
  const env = { NATS_URL: 'nats://bus:4222', MSX_LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' };
  expect(readValidatorConfig(env)).toEqual({
    natsUrl: 'nats://bus:4222',
    logLevel: 'debug',
    otlpEndpoint: 'http://otel:4318',
  });
});
