import type { WakeReply } from '@microstax/contracts/graph-requests';
import { silentLog } from '@microstax/service/log';
import { eventually } from '@microstax/testkit/eventually';
import { expect, test } from 'vitest';
import { aTable } from '../testing/tables.ts';
import { Sleepers, type WakeLimits } from './sleepers.ts';
import { TableStore } from './table-store.ts';

function asleep(reply: WakeReply = { kind: 'waking', generation: 2 }, limits: Partial<WakeLimits> = {}) {
  const tables = new TableStore();
  tables.put({ ...aTable('shop'), asleep: true }, 1);
  const sleepers = new Sleepers(tables, silentLog, limits);
  const asked: string[] = [];
  sleepers.wakeBy(async (env) => {
    asked.push(env);
    return reply;
  });
  return { tables, sleepers, asked };
}

test('Sleepers holds requests until the table says that nothing sleeps, and asks once for all of them', async () => {
  const { tables, sleepers, asked } = asleep();
  const holds = Array.from({ length: 50 }, () => sleepers.hold('shop'));
  expect(sleepers.count).toBe(50);
  await eventually(() => asked.length > 0);
  expect(asked).toEqual(['shop']);
  tables.put(aTable('shop', { generation: 2 }), 2);
  expect(await Promise.all(holds.map(({ ended }) => ended))).toEqual(holds.map(() => ({ kind: 'awake' })));
  expect(sleepers.count).toBe(0);
});

test('Sleepers refuses whom it has no place for, and who leaves gives its place back', async () => {
  const { sleepers } = asleep(undefined, { wakeHeldMax: 2 });
  const first = sleepers.hold('shop');
  sleepers.hold('shop');
  expect(await sleepers.hold('shop').ended).toMatchObject({ kind: 'refused', status: 503, code: 'too-many-held' });
  first.leave();
  first.leave();
  expect(sleepers.count).toBe(1);
  sleepers.hold('shop');
  expect(sleepers.count).toBe(2);
  sleepers.close();
  expect(sleepers.count).toBe(0);
});

test('Sleepers refuses at once what cannot be woken, with the reason and when to come again', async () => {
  const { sleepers } = asleep({ kind: 'failed', reason: 'web ended' });
  expect(await sleepers.hold('shop').ended).toEqual({
    kind: 'refused',
    status: 503,
    code: 'cannot-wake',
    reason: 'environment "shop" sleeps and cannot be woken: web ended',
    retryAfterSeconds: 10,
  });
});

test('Sleepers refuses what was held for too long', async () => {
  const { sleepers } = asleep(undefined, { wakeHoldMs: 5 });
  expect(await sleepers.hold('shop').ended).toMatchObject({ kind: 'refused', code: 'still-waking' });
  expect(sleepers.count).toBe(0);
});

test('Sleepers refuses all where nobody can wake', async () => {
  const sleepers = new Sleepers(new TableStore(), silentLog);
  expect(await sleepers.hold('shop').ended).toMatchObject({ kind: 'refused', code: 'asleep' });
});
