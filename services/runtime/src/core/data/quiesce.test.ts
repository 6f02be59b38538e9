import type { ServiceSpec } from '@microstax/model/service-spec';
import { expect, test } from 'vitest';
import { aSpec } from '../testing/plans.ts';
import { callersFirst, quiesce } from './quiesce.ts';

const calling = (name: string, ...services: string[]): ServiceSpec =>
  aSpec(name, {
    dependsOn: services.map((service) => ({
      service,
      kind: 'calls',
      protocol: 'http',
      propagates: true,
      required: true,
    })),
  });
const shop = {
  web: calling('web', 'api'),
  api: calling('api', 'db', 'files'),
  db: calling('db'),
  files: calling('files'),
};
const files = { service: 'files', engine: 'folder' } as const;
const db = { service: 'db', engine: 'postgres' } as const;

test('callersFirst() has every service before what it calls, and an order where they call each other', () => {
  expect(callersFirst(shop)).toEqual(['web', 'api', 'db', 'files']);
  expect(callersFirst({ a: calling('a', 'b'), b: calling('b', 'a', 'c'), c: calling('c') })).toEqual(['a', 'b', 'c']);
});

test('a server of its own is consistent without a pause, files while nobody writes them', () => {
  expect(quiesce({ members: [db], running: shop, strangers: [] })).toEqual({
    kind: 'possible',
    consistency: { kind: 'one' },
    pause: [],
  });
  expect(quiesce({ members: [files], running: shop, strangers: ['feat/x calls files'] })).toMatchObject({
    pause: ['files'],
  });
});

test('several are of one moment: everything but the servers is paused, callers first', () => {
  const order = ['web', 'api', 'files'];
  expect(quiesce({ members: [db, files], running: shop, strangers: [] })).toEqual({
    kind: 'possible',
    consistency: { kind: 'quiesced', order },
    pause: order,
  });
});

test('several that somebody else writes to are refused', () => {
  expect(quiesce({ members: [db, files], running: shop, strangers: ['feat/api calls db'] })).toMatchObject({
    kind: 'refused',
    reason: 'they cannot be brought to one moment: feat/api calls db, and is not paused',
  });
});

test('where nothing runs nothing is paused', () => {
  expect(quiesce({ members: [files, { ...files, service: 'more' }], running: {}, strangers: [] })).toEqual({
    kind: 'possible',
    consistency: { kind: 'at rest' },
    pause: [],
  });
});
