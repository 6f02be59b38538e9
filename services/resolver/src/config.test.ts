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

test('readResolverConfig() takes an address of Redis, and repeats no password of one that it cannot read', () => {
  expect(readResolverConfig({ REDIS_URL: 'redis://:secret@cache:6379/2' }).redisUrl).toBe(
    'redis://:secret@cache:6379/2',
  );
  for (const wrong of ['cache:6379', 'http://:secret@cache', 'redis://'])
    expect(() => readResolverConfig({ REDIS_URL: wrong })).toThrow(
      /^Cannot read REDIS_URL: allowed is an address such as redis:\/\/127\.0\.0\.1:6379$/,
    );
});
