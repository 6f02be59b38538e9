import { randomUUID } from 'node:crypto';
import { answerOf } from '@microstax/contracts/graph-requests';
import { blueprintSubject, commandSubject, parseSubject } from '@microstax/contracts/subjects';
import { durables } from '@microstax/contracts/topology';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, hopsOf, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { publishByHand } from './raw-publish.ts';
import { type CliResult, runCliHere } from './run-cli.ts';

/** `stop`, `resume`, `retry` and `delete` go the whole way, from the command line or any NATS client (protocol 1, 14, 18). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterEach(() => house.gates.releaseAll());
afterAll(() => house?.[Symbol.asyncDispose]());

test('msx stop, resume, retry and delete --cascade --wait end at the outcome and say the generation', async () => {
  await ready('shop', asYaml(baseline('shop', [echo('web', { upstreams: ['api'], expose: true }), echo('api')])));
  await ready('shop-feat', asYaml(overlay('shop-feat', 'shop', [echo('web', { version: '2', upstreams: ['api'] })])));

  expect(await msx('stop', 'shop', '--wait')).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringMatching(/"shop-feat" holds its service "api".*msx stop shop --cascade/s),
  });
  expect(await msx('stop', 'shop', '--cascade', '--wait')).toMatchObject({
    code: 0,
    stdout: 'environment/shop stop done, generation 2\n',
  });
  expect(await house.outcome('shop-feat', 2)).toMatchObject({ outcome: 'ready', wanted: 'stopped' });
  expect([await house.pids('shop'), await house.pids('shop-feat')]).toEqual([{}, {}]);

  const early = await msx('resume', 'shop-feat', '--wait');
  expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('msx resume shop') });
  expect(await msx('resume', 'shop', '--wait')).toMatchObject({ code: 0 });
  expect(await house.outcome('shop-feat', 4)).toMatchObject({ outcome: 'ready' });

  const before = await house.pids('shop');
  expect(await msx('retry', 'shop', '--wait', '-o', 'json')).toMatchObject({ code: 0 });
  expect(await house.pids('shop')).toEqual(before);
  expect(await house.status('shop')).toMatchObject({ state: 'ready', generation: 4, wanted: 'running' });

  expect(await msx('delete', 'shop', '--cascade', '--wait')).toMatchObject({ code: 0 });
  expect(await house.outcome('shop-feat', 5)).toMatchObject({ outcome: 'ready', wanted: 'deleted' });
  expect([await house.pids('shop'), await house.pids('shop-feat')]).toEqual([{}, {}]);
  await oneAnswerOneOutcome(house);
});

test('retry of a failed generation makes a new one, keeps what is wanted, and is never unchanged', async () => {
  const crashing = { ...echo('web'), run: { command: ['node', '-e', 'process.exit(3)'] } };
  const failed = await house.apply('frail', asYaml(baseline('frail', [crashing])));
  expect(failed.activation?.outcome).toBe('failed');
  const retried = await house.command('retry', 'frail');
  expect(retried.answer).toMatchObject({ kind: 'revised', generation: 2 });
  expect(retried.activation).toMatchObject({
    outcome: 'failed',
    cause: { kind: 'command', verb: 'retry' },
    artifacts: { revision: failed.activation?.artifacts.revision },
  });
  expect((await house.command('stop', 'frail')).activation).toMatchObject({ outcome: 'ready', generation: 3 });
  expect((await house.command('stop', 'frail')).answer).toMatchObject({ kind: 'unchanged', generation: 3 });
  expect((await house.command('retry', 'frail')).activation).toMatchObject({
    outcome: 'ready',
    generation: 4,
    wanted: 'stopped',
  });
  await oneAnswerOneOutcome(house);
});

test('resume of what runs is unchanged; what nobody knows is refused with what is known', async () => {
  await ready('plain', asYaml(baseline('plain', [echo('web')])));
  const pids = await house.pids('plain');
  expect((await house.command('resume', 'plain')).answer).toEqual({
    kind: 'unchanged',
    generation: 1,
    activation: 'plain@1',
    outcome: 'ready',
  });
  expect(await house.pids('plain')).toEqual(pids);
  expect((await house.command('stop', 'nobody')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'unknown-environment', next: expect.stringContaining('"plain"') }],
  });
  expect(await msx('stop', 'nobody')).toMatchObject({ code: 3 });
  await oneAnswerOneOutcome(house);
});

test('a command of any NATS client is answered like one of the command line', async () => {
  await ready('raw', asYaml(baseline('raw', [echo('web')])));
  await publishByHand(house.url, command('raw', 'stop'), Buffer.alloc(0));
  expect(await house.outcome('raw', 2)).toMatchObject({ outcome: 'ready', wanted: 'stopped' });
  await publishByHand(house.url, `${command('raw', 'resume')}.ann`, Buffer.from('{}'));
  expect(await house.outcome('raw', 3)).toMatchObject({
    outcome: 'ready',
    wanted: 'running',
    actor: { name: 'ann', proof: 'subject' },
  });
  await oneAnswerOneOutcome(house);
});

test('a command waits while a Blueprint that came before it is undecided, and is decided after it', async () => {
  await ready('turn', asYaml(baseline('turn', [echo('web', { expose: true })])));
  const blueprint = house.gates.hold('intake', ({ subject }) => {
    const about = parseSubject(subject);
    return about?.kind === 'blueprint' && about.env === 'turn';
  });
  const applied = house.apply('turn', asYaml(baseline('turn', [echo('web', { version: '2', expose: true })])));
  await blueprint.reached;
  const id = randomUUID();
  await house.bus.publishRaw({ subject: command('turn', 'stop'), body: Buffer.alloc(0), id });
  await eventually(async () => ((await house.bus.durableState(durables.graphCommand))?.unsettled ?? 0) > 0);
  expect(await house.bus.request(answerOf, 'default', { submission: id })).toEqual({ answer: null });
  expect((await house.status('turn'))?.generation).toBe(1);

  blueprint.release();
  expect((await applied).answer).toMatchObject({ kind: 'revised', generation: 2 });
  expect(await house.outcome('turn', 3)).toMatchObject({ outcome: 'ready', submission: id, wanted: 'stopped' });
  expect(['ready', 'superseded']).toContain((await house.outcome('turn', 2)).outcome);
  expect(await house.status('turn')).toMatchObject({ state: 'stopped', generation: 3 });

  expect((await house.command('resume', 'turn')).activation?.outcome).toBe('ready');
  expect((await askHttp<EchoAnswer>(await house.urlOf('turn', 'web'))).body.version).toBe('2');
  await oneAnswerOneOutcome(house);
});

test('a command does not wait for a Blueprint that was rejected, nor for a preview', async () => {
  await ready('free', asYaml(baseline('free', [echo('web')])));
  expect((await house.apply('free', 'name: free\nservices: 7\n')).answer.kind).toBe('rejected');
  await house.bus.publishRaw({
    subject: blueprintSubject({ org: 'default', env: 'free' }),
    body: Buffer.from(asYaml(baseline('free', [echo('web', { version: '2' })]))),
    id: randomUUID(),
    headers: { 'msx-purpose': 'preview' },
  });
  expect((await house.command('stop', 'free')).activation).toMatchObject({ outcome: 'ready', generation: 2 });
  await oneAnswerOneOutcome(house);
});

test('stop while an activation waits ends it, and leaves nothing behind', async () => {
  const slow = { ...echo('web', { expose: true }), run: { command: ['sleep', '1000'] } };
  const applied = await house.apply('hasty', asYaml(baseline('hasty', [slow])), { wait: false });
  expect(applied.answer.kind).toBe('revised');
  await eventually(async () => (await house.status('hasty'))?.reason === 'waits for "web" to be ready');
  expect((await house.command('stop', 'hasty')).activation).toMatchObject({ outcome: 'ready', wanted: 'stopped' });
  expect(await house.outcome('hasty', 1)).toMatchObject({ outcome: 'superseded' });
  expect(await house.pids('hasty')).toEqual({});
  await oneAnswerOneOutcome(house);
});

test('a Blueprint of a stopped environment runs it again', async () => {
  await ready('woken', asYaml(baseline('woken', [echo('web', { expose: true })])));
  await house.command('stop', 'woken');
  const { activation } = await house.apply('woken', asYaml(baseline('woken', [echo('web', { expose: true })])));
  expect(activation).toMatchObject({ outcome: 'ready', generation: 3, wanted: 'running' });
  expect(hopsOf((await askHttp<EchoAnswer>(await house.urlOf('woken', 'web'))).body)).toBe('web@woken');
  await oneAnswerOneOutcome(house);
});

test.each([
  ['denied', { budget: { perHour: 0.000001 } }, echo('web', { version: '2', expose: true })],
  ['failed', {}, { ...echo('web'), run: { command: ['node', '-e', 'process.exit(3)'] } }],
])('stop and resume bring back what served, not the generation that was %s after it', async (outcome, more, web) => {
  const env = `back-${outcome}`;
  await ready(env, asYaml(baseline(env, [echo('web', { version: '1', expose: true })])));
  expect((await house.apply(env, asYaml(baseline(env, [web], more)))).activation).toMatchObject({ outcome });
  expect((await house.command('stop', env)).activation).toMatchObject({ outcome: 'ready', generation: 3 });
  expect((await house.command('resume', env)).activation).toMatchObject({ outcome: 'ready', generation: 4 });
  expect((await askHttp<EchoAnswer>(await house.urlOf(env, 'web'))).body.version).toBe('1');
  await oneAnswerOneOutcome(house);
});

test('a verb or options that nobody knows are refused, and say what is known', async () => {
  expect((await sendRaw('plain', 'stop', '{"cascade":"yes"}')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'unreadable-command', subject: 'plain', reason: expect.stringContaining('cascade') }],
  });
  expect((await sendRaw('plain', 'stop', '{')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'unreadable-command' }],
  });
  expect((await sendRaw('plain', 'explode', '')).answer).toMatchObject({
    kind: 'refused',
    findings: [{ code: 'unknown-verb', next: expect.stringContaining('"retry"') }],
  });
  await house.bus.publishRaw({
    subject: command('plain', 'stop'),
    body: Buffer.alloc(0),
    id: randomUUID(),
    headers: { 'msx-purpose': 'preview' },
  });
  await eventually(async () => {
    const state = await house.bus.durableState(durables.graphCommand);
    return state !== undefined && state.pending + state.unsettled === 0;
  });
  expect(await house.status('plain')).toMatchObject({ generation: 1, wanted: 'running' });
  await oneAnswerOneOutcome(house);
});

test.each(['planner', 'nobody'])(
  'a command to %s, which hears none, is refused and says where to send it',
  async (service) => {
    const id = randomUUID();
    const subject = command('plain', 'stop').replace('.graph.', `.${service}.`);
    await house.bus.publishRaw({ subject, body: Buffer.alloc(0), id });
    const { answer } = await eventually(async () => {
      const reply = await house.bus.request(answerOf, 'default', { submission: id });
      return reply.answer !== null && reply;
    });
    expect(answer).toMatchObject({
      kind: 'refused',
      findings: [{ code: 'unheard-command', subject: 'plain', next: `send it to ${command('plain', 'stop')}` }],
    });
    expect(await house.status('plain')).toMatchObject({ generation: 1, wanted: 'running' });
    await oneAnswerOneOutcome(house);
  },
);

async function sendRaw(env: string, verb: string, body: string) {
  const id = randomUUID();
  await house.bus.publishRaw({ subject: command(env, verb), body: Buffer.from(body), id });
  return eventually(async () => {
    const reply = await house.bus.request(answerOf, 'default', { submission: id });
    return reply.answer !== null && reply;
  });
}

function command(env: string, verb: string): string {
  return commandSubject({ service: 'graph', org: 'default', env, verb });
}

function msx(...args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url, NO_COLOR: '1' });
}

async function ready(env: string, blueprint: string): Promise<void> {
  const { answer, activation } = await house.apply(env, blueprint);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
