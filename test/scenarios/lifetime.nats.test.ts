import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLong } from '../faults/config.ts';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** What time does to environments, with real clocks, routers and processes (decision 33). */

let house: House;
beforeAll(async () => {
  house = await startHouse({ env: { MSX_TIMER: '100ms' } });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const web = echo('web', { expose: true });
const stateOf = async (env: string) => (await house.status(env))?.state;

test('a ttl deletes an environment, also where the graph was away when it ended', async () => {
  expect((await house.apply('brief', asYaml(baseline('brief', [web], { ttl: '2s' })))).activation?.outcome).toBe(
    'ready',
  );
  expect((await house.status('brief'))?.expiresAt).toBeGreaterThan(0);
  await house.restart('graph');
  await eventually(async () => (await stateOf('brief')) === 'deleted', { timeoutMs: 20_000 });
  expect(await house.pids('brief')).toEqual({});
  expect(await house.outcome('brief', 2)).toMatchObject({
    outcome: 'ready',
    cause: { kind: 'timer' },
    submission: null,
  });
  await oneAnswerOneOutcome(house);
});

test('an environment whose ttl is over is kept while an overlay holds it, and says so once', async () => {
  await house.apply('kept', asYaml(baseline('kept', [web, echo('api')], { ttl: '2s' })));
  await house.apply('kept-feat', asYaml(overlay('kept-feat', 'kept', [echo('web', { upstreams: ['api'] })])));
  const expiring = async () =>
    (await house.bus.read(streams.events.name, { filter: filters.eventsAbout('default', 'kept') }))
      .filter(({ subject }) => subject.endsWith('.expiring'))
      .map(({ body }) => JSON.parse(Buffer.from(body).toString('utf8')) as { heldBy: string[] });
  await eventually(async () => (await expiring()).length > 0, { timeoutMs: 20_000 });
  expect(await expiring()).toMatchObject([{ env: 'kept', heldBy: ['kept-feat'] }]);
  expect(await stateOf('kept')).toBe('ready');
  await oneAnswerOneOutcome(house);
});

// The shortest delay is a minute: MSX_FAULTS=long.
test.runIf(isLong)(
  'an environment that nobody asks for is put to sleep after its delay, not before',
  { timeout: 200_000 },
  async () => {
    const idle = { autoShutdownEnabled: true, autoShutdownDelayMinutes: 1 };
    await house.apply('lazy', asYaml(baseline('lazy', [web], idle)));
    const url = await house.urlOf('lazy', 'web');
    const until = Date.now() + 75_000;
    while (Date.now() < until) {
      await askHttp(url);
      expect(await stateOf('lazy')).toBe('ready');
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
    await eventually(async () => (await stateOf('lazy')) === 'asleep', { timeoutMs: 100_000 });
    expect(await house.pids('lazy')).toEqual({});
    expect((await askHttp(url)).status).toBe(200);
    expect(await house.outcome('lazy', 3)).toMatchObject({ outcome: 'ready', cause: { kind: 'wake-up' } });
    await oneAnswerOneOutcome(house);
  },
);
