import { ConfigError } from '@microstax/service/env';
import { expect, test } from 'vitest';
import { readRouterConfig } from './config.ts';

test('readRouterConfig() has defaults for everything', () => {
  expect(readRouterConfig({})).toEqual({
    natsUrl: 'nats://127.0.0.1:4222',
    org: 'default',
    logLevel: 'info',
    lingerMs: 10_000,
  });
});

test('readRouterConfig() reads what is set and refuses what nobody can act on', () => {
  expect(
    readRouterConfig({ MSX_ORG: 'acme', MSX_ROUTER_LINGER: '2s', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }),
  ).toMatchObject({
    org: 'acme',
    lingerMs: 2_000,
    otlpEndpoint: 'http://c',
  });
  expect(() => readRouterConfig({ MSX_ROUTER_LINGER: 'soon' })).toThrow(ConfigError);
});
