import { healthOf } from '@microstax/contracts/health-request';
import { durables } from '@microstax/contracts/topology';
import { silentLog } from '@microstax/service/log';
import { startTestNats } from '@microstax/testkit/nats';
import { expect, test } from 'vitest';
import { bootstrap } from './bootstrap.ts';
import { done } from './bus.ts';
import { openIncarnation } from './incarnation.ts';
import { joinBus } from './join-bus.ts';

test('a service that joined says how it is: not ready before it hears anything, ready once its durable is bound', async () => {
  await using server = await startTestNats();
  await using owned = new AsyncDisposableStack();
  const join = { natsUrl: server.url, log: silentLog };
  const planner = await joinBus(owned, { ...join, service: 'planner' });
  const asker = await joinBus(owned, { ...join, service: 'cli' });
  const health = () => asker.request(healthOf('planner'), 'default', {});

  expect(await health()).toEqual({ service: 'planner', pid: process.pid, ready: false, parts: {} });
  const consumption = owned.use(await planner.consume(durables.plannerRevised, async () => done));
  expect(await health()).toMatchObject({ ready: false, parts: { 'planner-environment-revised': false } });
  await bootstrap(asker);
  await openIncarnation(asker, 1, 'a test');
  await consumption.bound;
  expect(await health()).toMatchObject({ ready: true, parts: { 'planner-environment-revised': true } });
});

test('what is no service answers no health', async () => {
  await using server = await startTestNats();
  await using owned = new AsyncDisposableStack();
  const bus = await joinBus(owned, { natsUrl: server.url, log: silentLog, service: 'cli' });
  await expect(bus.request(healthOf('planner'), 'default', {})).rejects.toMatchObject({ code: 'no-responder' });
});
