import { expect, test } from 'vitest';
import { natsServerConfig } from './nats-server-config.ts';

const settings = {
  storeDir: '/data/bus',
  version: '2.15.1',
  port: 0,
  name: undefined,
  maxPayloadBytes: 8_388_608,
  monitorPort: undefined,
};

test('natsServerConfig() listens on loopback only, on any port for 0', () => {
  expect(natsServerConfig(settings)).toContain('listen: "127.0.0.1:-1"\n');
  expect(natsServerConfig({ ...settings, port: 4222, monitorPort: 0 })).toContain(
    'listen: "127.0.0.1:4222"\nhttp: "127.0.0.1:-1"\n',
  );
});

test('natsServerConfig() syncs every write from 2.10 on, because an older server refuses the word', () => {
  expect(natsServerConfig(settings)).toContain('sync_interval: always');
  expect(natsServerConfig({ ...settings, version: '2.10.0' })).toContain('sync_interval: always');
  expect(natsServerConfig({ ...settings, version: '2.9.10' })).not.toContain('sync_interval');
});

test('natsServerConfig() quotes what a folder may hold and refuses what it cannot quote', () => {
  expect(natsServerConfig({ ...settings, storeDir: '/a "b" \\c' })).toContain('store_dir: "/a \\"b\\" \\\\c"');
  expect(() => natsServerConfig({ ...settings, name: 'a\nb' })).toThrow('"a\\nb" holds a control character');
});
