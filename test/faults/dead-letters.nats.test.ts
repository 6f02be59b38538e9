import { randomUUID } from 'node:crypto';
import { headerNames } from '@microstax/contracts/header-names';
import { blueprintSubject, eventSubject, filters } from '@microstax/contracts/subjects';
import { type DurableDefinition, durables, streams } from '@microstax/contracts/topology';
import { defaultOrg } from '@microstax/model/names';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, overlay, type WrittenBlueprint } from '../scenarios/blueprints.ts';
import { type CliResult, runCliHere } from '../scenarios/run-cli.ts';
import { counted, times } from './config.ts';
import { type FaultHouse, generationOf, type Room, startFaultHouse } from './fault-house.ts';
import { natsByHand } from './nats-by-hand.ts';
import { eventually } from './patience.ts';

/** Protocol 5 and 32: what nobody can handle ends what waits for it, with the reason; an outage ends nothing. */

const org = defaultOrg;
let house: FaultHouse;
beforeAll(async () => {
  house = await startFaultHouse({ env: { MSX_LOG_LEVEL: 'silent' } }); // poison is said loudly
  const { baseline, service } = house.blueprints;
  expect((await house.activate(baseline('base', [service('db')]))).outcome).toBe('ready');
});
afterAll(() => house?.[Symbol.asyncDispose]());

const change = (env: string): WrittenBlueprint =>
  overlay(env, 'base', [house.blueprints.service('db', { version: env })]);

test('an event that cannot be read fails its activation with the reason', async () => {
  await closeQuiet('planner');
  const generation = generationOf(await house.apply(change('unread')));
  await say('planner', 'unread', 'drafted', {
    org,
    env: 'unread',
    generation,
    activation: 'unread@1',
    submission: null,
  });
  const { outcome, reason } = await house.outcome('unread', generation);
  expect(outcome).toBe('failed');
  expect(reason).toMatch(
    /^a message could not be handled by "(graph-planner|resolver-plan-drafted)": Cannot read .*bundle/,
  );
  expect(reason).toMatch(/msx retry unread$/);
  await house.open('planner');
});

test('an event whose handler throws twice fails its activation with the reason', async () => {
  await closeQuiet('planner');
  const generation = generationOf(await house.apply(change('thrown')));
  const digest = `sha256:${'0'.repeat(64)}`;
  await say('planner', 'thrown', 'drafted', {
    ...{ org, env: 'thrown', generation, activation: 'thrown@1', submission: null },
    bundle: { plan: { digest, bytes: '{}' } },
  });
  const { outcome, reason } = await house.outcome('thrown', generation);
  expect(outcome).toBe('failed');
  expect(reason).toMatch(/the handler threw twice: /);
  await house.open('planner');
});

test('an event that kills whoever handles it is given up by the server, and fails its activation', async () => {
  await closeQuiet('resolver');
  const generation = generationOf(await house.apply(change('deadly')));
  await exhaust(durables.resolverDrafted, 'deadly');
  const { outcome, reason } = await house.outcome('deadly', generation);
  expect(outcome).toBe('failed');
  expect(reason).toMatch(/"resolver-plan-drafted": it was delivered 60 times and nobody acked it/);
  await house.open('resolver');
});

test('a submission that cannot be answered in the usual way is rejected with the reason', async () => {
  const id = `long-${'x'.repeat(200)}`;
  await publishAs(id, change('named'));
  expect(await house.answer(id)).toMatchObject({
    kind: 'rejected',
    findings: [
      { code: 'dead-letter', subject: 'named', reason: expect.stringContaining('205 characters: at most 200') },
    ],
  });
});

test('a submission that kills whoever handles it is rejected, whether its client named it or not', async () => {
  await closeQuiet('intake');
  const id = randomUUID();
  await publishAs(id, change('killer'));
  await exhaust(durables.intakeBlueprint, 'killer');
  await using stranger = await natsByHand(house.url);
  stranger.publish(blueprintSubject({ org, env: 'nameless' }), asYaml(change('nameless')));
  const { sequence } = await eventually(() =>
    house.bus.lastOn(streams.submissions.name, blueprintSubject({ org, env: 'nameless' })),
  );
  await exhaust(durables.intakeBlueprint, 'nameless');
  for (const submission of [id, `${streams.submissions.name}:1:${sequence}`]) {
    expect(await house.answer(submission)).toMatchObject({
      kind: 'rejected',
      findings: [
        { code: 'dead-letter', reason: expect.stringContaining('it was delivered 1000 times and nobody acked it') },
      ],
    });
  }
  await house.open('intake');
});

test('an accepted Blueprint that the graph cannot read is rejected with the reason', async () => {
  const submission = randomUUID();
  await say('intake', 'skewed', 'accepted', {
    org,
    env: 'skewed',
    submission,
    order: { incarnation: 1, sequence: 9_999 },
  });
  expect(await house.answer(submission)).toMatchObject({
    kind: 'rejected',
    findings: [
      { code: 'dead-letter', reason: expect.stringContaining('"graph-intake": Cannot read "blueprint accepted"') },
    ],
  });
});

test('a dead letter of what has ended changes nothing', async () => {
  const { generation } = await house.activate(change('ended'));
  await say('planner', 'ended', 'drafted', { org, env: 'ended', generation, activation: 'ended@1', submission: null });
  const before = await lettersAbout('ended');
  expect(before.length).toBeGreaterThan(0);
  await eventually(async () => (await house.bus.durableState(durables.graphDeadLetter))?.unsettled === 0);
  expect(await house.outcome('ended', generation)).toMatchObject({ outcome: 'ready' });
  expect((await house.status('ended'))?.state).toBe('ready');
});

test('msx dlq list and show say what died, where and why', async () => {
  await untilQuiet();
  const { code, stdout, stderr } = await msx('dlq', 'list');
  expect(code, stderr).toBe(exitCodes.ok);
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  expect(head.split(/ {2,}/)).toEqual(['NUMBER', 'AGE', 'SUBJECT', 'CONSUMER', 'DELIVERIES', 'REASON']);
  const rows = lines.map((line) => line.split(/ {2,}/));
  expect(rows.map(([, , subject, consumer]) => `${subject} ${consumer}`)).toEqual(
    expect.arrayContaining([
      `${eventSubject('planner', org, 'unread', 'drafted')} resolver-plan-drafted`,
      `${eventSubject('planner', org, 'thrown', 'drafted')} resolver-plan-drafted`,
      `${eventSubject('planner', org, 'deadly', 'drafted')} resolver-plan-drafted`,
      `${blueprintSubject({ org, env: 'named' })} intake-blueprint`,
      `${blueprintSubject({ org, env: 'killer' })} intake-blueprint`,
      `${eventSubject('intake', org, 'skewed', 'accepted')} graph-intake`,
    ]),
  );
  const asJson = JSON.parse((await msx('dlq', 'list', '-o', 'json')).stdout) as readonly Record<string, unknown>[];
  expect(asJson).toHaveLength(rows.length);
  const number = await numberOf('killer', 'intake-blueprint');
  const shown = await msx('dlq', 'show', number);
  expect(shown.code, shown.stderr).toBe(exitCodes.ok);
  expect(shown.stdout).toContain('it was delivered 1000 times and nobody acked it');
  expect(shown.stdout).toContain('name: killer');
  expect(JSON.parse((await msx('dlq', 'show', number, '-o', 'json')).stdout)).toMatchObject({
    sequence: Number(number),
    consumer: 'intake-blueprint',
    deliveries: 1_000,
    body: asYaml(change('killer')),
  });
});

test.each(['unread', 'thrown', 'deadly'])(
  'msx dlq retry of an event of "%s" is a retry, which ends ready',
  async (env) => {
    const { code, stdout, stderr } = await msx('dlq', 'retry', await numberOf(env, 'resolver-plan-drafted'), '--wait');
    expect(code, stderr).toBe(exitCodes.ok);
    expect(stdout).toBe(`environment/${env} retried: revised, generation 2\n`);
    expect(await house.outcome(env, 2)).toMatchObject({ outcome: 'ready', cause: { kind: 'command', verb: 'retry' } });
  },
);

test.each(['named', 'killer', 'nameless'])('msx dlq retry of the submission of "%s" submits it anew', async (env) => {
  const { code, stdout, stderr } = await msx('dlq', 'retry', await numberOf(env, 'intake-blueprint'), '--wait');
  expect(code, stderr).toBe(exitCodes.ok);
  expect(stdout).toBe(`environment/${env} retried: revised, generation 1\n`);
  expect(house.starts(env)).toEqual(new Map([[`${env} db ${env}`, 1]]));
});

test('msx dlq says what it cannot do, and what to do instead', async () => {
  const skewed = await msx('dlq', 'retry', await numberOf('skewed', 'graph-intake'));
  expect(skewed.code).not.toBe(exitCodes.ok);
  expect(skewed.stderr).toContain('its Blueprint was rejected by this dead letter');
  expect(skewed.stderr).toContain('msx apply -f <the Blueprint of skewed>');
  expect(await msx('dlq', 'show', '99999')).toMatchObject({ code: exitCodes.notFound });
  expect(await msx('dlq', 'show')).toMatchObject({ code: exitCodes.usage });
  expect(await msx('dlq', 'bury', '1')).toMatchObject({ code: exitCodes.usage });
});

test('a graph that is away ends nothing: handlers pause, nothing dies, everything goes on when it is back', async () => {
  const letters = (await house.bus.streamState(streams.deadLetters.name))?.messages;
  const held = house.gates.hold('runtime', ({ subject }) => subject.includes('.held.'));
  const generation = generationOf(await house.apply(change('held')));
  await held.reached;
  await house.close('graph');
  const awaySince = performance.now();
  const submission = await house.send(change('meanwhile'));
  held.release(); // the runtime meets an absent graph now, and intake does at once
  await new Promise((resolve) => setTimeout(resolve, times(3_000, 30_000))); // the outage itself
  const awayMs = Math.round(performance.now() - awaySince);
  await house.open('graph');
  expect(await house.outcome('held', generation)).toMatchObject({ outcome: 'ready' });
  expect(await house.answer(submission)).toMatchObject({ kind: 'revised' });
  expect(await house.outcome('meanwhile', 1)).toMatchObject({ outcome: 'ready' });
  const { messages } = (await house.bus.streamState(streams.deadLetters.name)) ?? {};
  expect(messages).toBe(letters);
  counted('dead letters', {
    letters: messages ?? 0,
    'graph away ms': awayMs,
    'died meanwhile': 0,
    ...(await house.closeBooks()),
  });
});

async function say(service: 'planner' | 'intake', env: string, last: string, body: object): Promise<void> {
  const subject = eventSubject(service, org, env, last);
  await house.bus.publishRaw({ subject, body: Buffer.from(JSON.stringify(body)), id: randomUUID() });
}

async function publishAs(id: string, blueprint: WrittenBlueprint): Promise<void> {
  const subject = blueprintSubject({ org, env: blueprint.name });
  await house.bus.publishRaw({ subject, body: Buffer.from(asYaml(blueprint)), id });
}

/** Closes a room once nothing is under way, so that what it does not hear is the test's own. */
async function closeQuiet(room: Room): Promise<void> {
  await untilQuiet();
  await house.close(room);
}

async function untilQuiet(): Promise<void> {
  for (const durable of Object.values(durables)) {
    await eventually(
      async () => {
        const state = await house.bus.durableState(durable);
        return state?.pending === 0 && state.unsettled === 0;
      },
      { message: `${durable.name} is idle` },
    );
  }
}

/** A handler that dies each time: the durable's one message about an environment is handed back until the server gives it up. */
async function exhaust(durable: DurableDefinition, env: string): Promise<void> {
  await using stranger = await natsByHand(house.url);
  await eventually(async () => (await house.bus.durableState(durable))?.pending === 1);
  for (let delivery = 1; delivery <= durable.maxDeliver; delivery += 1) {
    const [message] = await stranger.pull(durable.stream, durable.name, 1);
    expect(message?.subject, `delivery ${delivery}`).toContain(`.${env}`);
    stranger.publish(message?.reply ?? '', '-NAK');
  }
  await stranger.pull(durable.stream, durable.name, 1); // the server notices at the next pull
}

async function lettersAbout(env: string) {
  return eventually(async () => {
    const letters = await house.bus.read(streams.deadLetters.name, { filter: filters.deadLetters });
    const about = letters.filter((letter) => letter.header(headerNames.deadSubject)?.split('.').includes(env));
    return about.length > 0 && about;
  });
}

async function numberOf(env: string, consumer: string): Promise<string> {
  const letters = await lettersAbout(env);
  const letter = letters.find((one) => one.header(headerNames.deadConsumer) === consumer);
  return String(letter?.sequence);
}

function msx(...args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url });
}
