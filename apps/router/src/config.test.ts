import { ConfigError } from '@microstax/service/env';
import { expect, test } from 'vitest';
import { readRouterConfig } from './config.ts';
import { defaultLimits } from './core/limits.ts';

test('readRouterConfig() has defaults for everything', () => {
  expect(readRouterConfig({})).toEqual({
    natsUrl: 'nats://127.0.0.1:4222',
    org: 'default',
    logLevel: 'info',
    host: '127.0.0.1',
    limits: defaultLimits,
  });
});

test('readRouterConfig() reads what is set and refuses what nobody can act on', () => {
  expect(
    readRouterConfig({
      MSX_ORG: 'acme',
      MSX_ROUTER_HOST: '10.0.0.7',
      MSX_ROUTER_LINGER: '2s',
      MSX_ROUTER_STREAMS: '10',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
    }),
  ).toMatchObject({
    org: 'acme',
    host: '10.0.0.7',
    limits: { ...defaultLimits, lingerMs: 2_000, streamsMax: 10 },
    otlpEndpoint: 'http://c',
  });
  expect(() => readRouterConfig({ MSX_ROUTER_LINGER: 'soon' })).toThrow(ConfigError);
  expect(() => readRouterConfig({ MSX_ROUTER_STREAMS: '0' })).toThrow(ConfigError);
  expect(() => readRouterConfig({ MSX_ROUTER_HOST: 'router.example' })).toThrow(ConfigError);
});
