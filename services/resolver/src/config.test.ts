import { expect, test } from 'vitest';
import { readResolverConfig } from './config.ts';

test('readResolverConfig() needs nothing: every setting has a default', () => {
  expect(readResolverConfig({})).toEqual({ natsUrl: 'nats://127.0.0.1:4222', logLevel: 'info' });
});

test('readResolverConfig() takes what it is given', () => {
  const env = { NATS_URL: 'nats://bus:4222', MSX_LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' };
  expect(readResolverConfig(env)).toEqual({
    natsUrl: 'nats://bus:4222',
    logLevel: 'debug',
    otlpEndpoint: 'http://otel:4318',
  });
});
