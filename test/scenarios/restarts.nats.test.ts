import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, chain, type EchoAnswer, echo, overlay } from './blueprints.ts';
import { type House, type Room, startHouse } from './house.ts';

/** Every service may end in order and start again: what it has to know is in the store or on the bus. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
  expect((await house.apply('lasting', asYaml(baseline('lasting', chain())))).activation?.outcome).toBe('ready');
});
afterAll(() => house?.[Symbol.asyncDispose]());

const rooms: readonly Room[] = ['graph', 'router', 'intake', 'planner', 'resolver', 'validator', 'runtime'];

test.each(rooms)('after a restart of %s the environment serves as before and takes the next change', async (room) => {
  const url = await house.urlOf('lasting', 'web');
  await house.restart(room);
  await eventually(async () => (await askHttp<EchoAnswer>(url)).status === 200, { message: `${url} answers` });
  const before = await house.pids('lasting');

  const version = `after-${room}`;
  const { activation } = await house.apply(
    `feat-${room}`,
    asYaml(overlay(`feat-${room}`, 'lasting', [echo('db', { version })])),
  );
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
  const { body } = await askHttp<EchoAnswer>(url, `feat-${room}`);
  expect(body.calls[0]?.calls[0]).toMatchObject({ name: 'db', version, environment: `feat-${room}` });
  expect(await house.pids('lasting')).toEqual(before);
  expect(await house.urlOf('lasting', 'web')).toBe(url);
});

test('a service that is away loses nothing: what was published meanwhile is done when it is back', async () => {
  const hold = house.gates.hold('planner', (message) => message.subject.includes('.feat-away.'));
  await house.publish('feat-away', asYaml(overlay('feat-away', 'lasting', [echo('db', { version: 'away' })])));
  await hold.reached;
  await house.restart('planner');
  hold.release();
  expect(await house.outcome('feat-away', 1)).toMatchObject({ outcome: 'ready' });
});
