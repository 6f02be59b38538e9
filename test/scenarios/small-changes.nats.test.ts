import { bootId, isSameProcess, processStartTime } from '@microstax/service/process-identity';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, chain, type EchoAnswer, echo, hopsOf, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** What a small change does, and what it leaves alone. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('one changed value restarts that one process and no other', async () => {
  const shop = (fee: string): string =>
    asYaml(baseline('value', [...chain().slice(0, 2), echo('db', { env: { FEE: fee } })]));
  await ready('value', shop('1'));
  const before = await house.pids('value');
  const url = await house.urlOf('value', 'web');

  await ready('value', shop('2'));
  const after = await house.pids('value');
  expect(after).toEqual({ web: before.web, api: before.api, db: [expect.any(Number)] });
  expect(after.db).not.toEqual(before.db);
  expect(isAlive(before.db?.[0])).toBe(false);
  expect(await house.urlOf('value', 'web')).toBe(url);
  expect((await askHttp<EchoAnswer>(url)).body.calls[0]?.calls[0]?.pid).toBe(after.db?.[0]);
});

test('a service taken out of the overlay is stopped, and its requests reach the ancestor', async () => {
  const changed = [echo('api', { version: '2', upstreams: ['db'] }), echo('db', { version: '2' })];
  await ready('out', asYaml(baseline('out', chain())));
  await ready('out-feat', asYaml(overlay('out-feat', 'out', changed)));
  const url = await house.urlOf('out', 'web');
  expect(hopsOf((await askHttp<EchoAnswer>(url, 'out-feat')).body)).toBe('web@out > api@out-feat > db@out-feat');
  const pids = await house.pids('out-feat');

  await ready('out-feat', asYaml(overlay('out-feat', 'out', changed.slice(0, 1))));
  expect(await house.locals('out-feat')).toEqual(['api']);
  expect(await house.pids('out-feat')).toEqual({ api: pids.api });
  expect(isAlive(pids.db?.[0])).toBe(false);
  expect(hopsOf((await askHttp<EchoAnswer>(url, 'out-feat')).body)).toBe('web@out > api@out-feat > db@out');
});

test('a service that an overlay removes is answered by nobody there, and by the baseline elsewhere', async () => {
  await ready('gone', asYaml(baseline('gone', [echo('web', { upstreams: ['api'], expose: true }), echo('api')])));
  const without = [echo('web', { expose: true }), { name: 'api', remove: true }];
  await ready('gone-feat', asYaml(overlay('gone-feat', 'gone', without)));
  const url = await house.urlOf('gone', 'web');
  expect(hopsOf((await askHttp<EchoAnswer>(url)).body)).toBe('web@gone > api@gone');
  expect(hopsOf((await askHttp<EchoAnswer>(url, 'gone-feat')).body)).toBe('web@gone-feat');
  expect((await house.services('gone-feat')).find(({ service }) => service === 'api')).toMatchObject({
    placement: 'denied',
    pids: [],
  });
});

test('applying again what is ready is unchanged and starts nothing', async () => {
  const blueprint = asYaml(baseline('again', [echo('web')]));
  await ready('again', blueprint);
  const [pids, executions] = [await house.pids('again'), await executionsOf('again')];

  const { answer } = await house.apply('again', blueprint);
  expect(answer).toEqual({ kind: 'unchanged', generation: 1, activation: 'again@1', outcome: 'ready' });
  expect(await house.pids('again')).toEqual(pids);
  expect(await executionsOf('again')).toEqual(executions);
  expect((await house.status('again'))?.generation).toBe(1);
});

test('applying again what has failed makes a new generation', async () => {
  const broken = asYaml(baseline('failing', [{ ...echo('web'), run: { command: ['node', '-e', 'process.exit(3)'] } }]));
  const first = await house.apply('failing', broken);
  expect(first.activation).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('exit code 3') });
  const second = await house.apply('failing', broken);
  expect(second.answer).toMatchObject({ kind: 'revised', generation: 2 });
  expect(second.activation?.outcome).toBe('failed');
  expect(await house.status('failing')).toMatchObject({ state: 'failed', generation: 2, serving: null });

  await ready('failing', asYaml(baseline('failing', [echo('web')])));
  expect(await house.status('failing')).toMatchObject({ state: 'ready', serving: { generation: 3 } });
});

test('a parent that changes a service takes its tracking child along', async () => {
  await ready('moving', asYaml(baseline('moving', chain())));
  await ready(
    'moving-feat',
    asYaml(overlay('moving-feat', 'moving', [echo('api', { version: '2', upstreams: ['db'] })])),
  );
  const { api } = await house.pids('moving-feat');
  await ready('moving', asYaml(baseline('moving', [...chain().slice(0, 2), echo('db', { version: '9' })])));
  expect(await house.outcome('moving-feat', 2)).toMatchObject({ outcome: 'ready', cause: { kind: 'parent moved' } });
  expect(await house.pids('moving-feat')).toEqual({ api });
  const { body } = await askHttp<EchoAnswer>(await house.urlOf('moving', 'web'), 'moving-feat');
  expect(body.calls[0]?.calls[0]?.version).toBe('9');
});

test('a deleted overlay leaves no process, and its context is the baseline again', async () => {
  await ready('ending', asYaml(baseline('ending', chain())));
  await ready('ending-feat', asYaml(overlay('ending-feat', 'ending', [echo('db', { version: '2' })])));
  const url = await house.urlOf('ending', 'web');
  const { db } = await house.pids('ending-feat');
  expect(hopsOf((await askHttp<EchoAnswer>(url, 'ending-feat')).body)).toBe('web@ending > api@ending > db@ending-feat');

  const held = await house.command('delete', 'ending');
  expect(held.answer).toMatchObject({ kind: 'refused', findings: [{ code: 'held' }] });
  const deleted = await house.command('delete', 'ending-feat');
  expect(deleted.activation?.outcome).toBe('ready');
  expect((await house.status('ending-feat'))?.state).toBe('deleted');
  expect(isAlive(db?.[0])).toBe(false);
  expect(hopsOf((await askHttp<EchoAnswer>(url, 'ending-feat')).body)).toBe('web@ending > api@ending > db@ending');
  await eventually(async () => (await house.command('delete', 'ending')).activation?.outcome === 'ready');
});

test('a stopped overlay runs nothing and its requests reach the baseline, until it is resumed', async () => {
  await ready('resting', asYaml(baseline('resting', chain())));
  await ready('resting-feat', asYaml(overlay('resting-feat', 'resting', [echo('db', { version: '2' })])));
  const url = await house.urlOf('resting', 'web');
  const way = async (): Promise<string> => hopsOf((await askHttp<EchoAnswer>(url, 'resting-feat')).body);

  expect((await house.command('stop', 'resting-feat')).activation?.outcome).toBe('ready');
  expect(await house.status('resting-feat')).toMatchObject({ state: 'stopped', wanted: 'stopped', generation: 2 });
  expect(await house.pids('resting-feat')).toEqual({});
  expect(await way()).toBe('web@resting > api@resting > db@resting');

  expect((await house.command('resume', 'resting-feat')).activation?.outcome).toBe('ready');
  expect(await house.status('resting-feat')).toMatchObject({ state: 'ready', wanted: 'running', generation: 3 });
  expect(await way()).toBe('web@resting > api@resting > db@resting-feat');
});

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}

async function executionsOf(env: string): Promise<readonly string[]> {
  return ((await house.ask({ kind: 'executions', env }))?.items ?? []).map(({ execution }) => execution);
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) throw new Error('there was no process');
  const startTime = processStartTime(pid);
  return startTime !== undefined && isSameProcess({ pid, startTime, bootId: bootId() });
}
