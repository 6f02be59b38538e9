import { wake } from '@microstax/contracts/graph-requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** `sleep` and `wake` through the whole way: records and listeners stay, processes go and come back (protocol 14, 18, 21). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const shop = (name: string) => asYaml(baseline(name, [echo('web', { upstreams: ['api'], expose: true }), echo('api')]));
const feat = (name: string, parent: string) =>
  asYaml(overlay(name, parent, [echo('web', { version: '2', upstreams: ['api'] })]));

test('an environment that is put to sleep keeps records, listeners and data, and runs nothing until it is woken', async () => {
  expect((await house.apply('quiet', shop('quiet'))).activation?.outcome).toBe('ready');
  const url = await house.urlOf('quiet', 'web');
  const resolution = await house.artifact('quiet', 'resolution');
  const slept = await house.command('sleep', 'quiet');
  expect(slept.activation).toMatchObject({ outcome: 'ready', wanted: 'asleep' });
  expect(await house.status('quiet')).toMatchObject({
    state: 'asleep',
    reason: expect.stringContaining('msx wake quiet'),
  });
  expect(await house.pids('quiet')).toEqual({});
  expect(await house.urlOf('quiet', 'web')).toBe(url);
  const asleep = await house.artifact<{ records: unknown }>('quiet', 'resolution');
  expect(asleep.records).toEqual((resolution as { records: unknown }).records);
  expect((await house.command('sleep', 'quiet')).answer).toMatchObject({ kind: 'unchanged' });
  expect((await house.command('wake', 'quiet')).activation).toMatchObject({ outcome: 'ready', wanted: 'running' });
  expect(Object.keys(await house.pids('quiet'))).toEqual(['api', 'web']);
  expect(await house.urlOf('quiet', 'web')).toBe(url);
  await oneAnswerOneOutcome(house);
});

test('a parent is not put to sleep under a child that runs; with cascade both go, and the child wakes its parent', async () => {
  await house.apply('mall', shop('mall'));
  await house.apply('mall-feat', feat('mall-feat', 'mall'));
  expect((await house.command('sleep', 'mall')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'held', reason: expect.stringContaining('"mall-feat" holds its service "api"') }],
  });
  expect((await house.command('sleep', 'mall', { cascade: true })).activation).toMatchObject({ outcome: 'ready' });
  expect(await house.outcome('mall-feat', 2)).toMatchObject({ outcome: 'ready', wanted: 'asleep' });
  expect([await house.pids('mall'), await house.pids('mall-feat')]).toEqual([{}, {}]);
  // Asleep it still holds its provider: that is not stopped under it.
  expect((await house.command('stop', 'mall')).answer).toMatchObject({ kind: 'refused', findings: [{ code: 'held' }] });

  expect((await house.command('wake', 'mall-feat')).activation).toMatchObject({ outcome: 'ready', wanted: 'running' });
  expect(await house.outcome('mall', 3)).toMatchObject({
    outcome: 'ready',
    wanted: 'running',
    cause: { kind: 'wake-up' },
  });
  expect(Object.keys(await house.pids('mall'))).toEqual(['api', 'web']);
  expect(Object.keys(await house.pids('mall-feat'))).toEqual(['web']);
  await oneAnswerOneOutcome(house);
});

test('a provider sleeps while its only holder sleeps, and a new child of it wakes it', async () => {
  await house.apply('plaza', shop('plaza'));
  await house.apply('plaza-feat', feat('plaza-feat', 'plaza'));
  expect((await house.command('sleep', 'plaza-feat')).activation?.outcome).toBe('ready');
  expect((await house.command('sleep', 'plaza')).activation?.outcome).toBe('ready');
  expect((await house.apply('plaza-new', feat('plaza-new', 'plaza'))).activation?.outcome).toBe('ready');
  expect(await house.status('plaza')).toMatchObject({ state: 'ready', wanted: 'running' });
  expect(await house.status('plaza-feat')).toMatchObject({ state: 'asleep' });
  expect(await house.bus.request(wake, 'default', { env: 'plaza' })).toEqual({ kind: 'awake' });
  await oneAnswerOneOutcome(house);
});

test('what was stopped is not woken, and a Blueprint that is applied to what sleeps runs it', async () => {
  await house.apply('night', shop('night'));
  expect((await house.command('stop', 'night')).activation?.outcome).toBe('ready');
  expect((await house.command('wake', 'night')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'stopped-environment', next: 'msx resume night' }],
  });
  expect(await house.bus.request(wake, 'default', { env: 'night' })).toEqual({ kind: 'not wanted', wanted: 'stopped' });
  await house.command('resume', 'night');
  await house.command('sleep', 'night');
  expect((await house.apply('night', shop('night'))).activation).toMatchObject({ outcome: 'ready', wanted: 'running' });
  await oneAnswerOneOutcome(house);
});

test('a provider that cannot be woken fails its child at once, with what to do', async () => {
  const frail = echo('api', { more: { run: { command: ['node', '-e', 'process.exit(3)'] } } });
  await house.apply('weak', shop('weak'));
  await house.command('sleep', 'weak');
  const broken = asYaml(baseline('weak', [echo('web', { upstreams: ['api'], expose: true }), frail]));
  expect((await house.apply('weak', broken)).activation?.outcome).toBe('failed');
  const child = await house.apply('weak-feat', feat('weak-feat', 'weak'));
  expect(child.activation).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('sleeps') });
  expect((await house.apply('weak', shop('weak'))).activation?.outcome).toBe('ready');
  expect(await house.outcome('weak-feat', 2)).toMatchObject({ outcome: 'ready' });
  await oneAnswerOneOutcome(house);
});

test('what sleeps sleeps on while runtime, router and graph start anew, and is woken by the first request', async () => {
  await house.apply('deep', shop('deep'));
  const url = await house.urlOf('deep', 'web');
  await house.command('sleep', 'deep');
  for (const room of ['runtime', 'router', 'graph'] as const) await house.restart(room);
  expect(await house.status('deep')).toMatchObject({ state: 'asleep', generation: 2 });
  expect(await house.pids('deep')).toEqual({});
  expect(await house.urlOf('deep', 'web')).toBe(url);
  expect((await askHttp<EchoAnswer>(url)).status).toBe(200);
  await oneAnswerOneOutcome(house);
});
