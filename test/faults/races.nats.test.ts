import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import type { ClaimReply } from '@microstax/contracts/graph-requests';
import { type ActivationItem, query } from '@microstax/contracts/queries';
import { streams } from '@microstax/contracts/topology';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { type SeededRandom, seededRandom } from '@microstax/testkit/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GraphStore } from '../../services/graph/src/shell/store/graph-store.ts';
import { openSqliteStore } from '../../services/graph/src/shell/store/sqlite-store.ts';
import { GraphBench } from '../../services/graph/src/testing/graph-bench.ts';
import { GraphHands } from '../../services/graph/src/testing/graph-hands.ts';
import { counted, times } from './config.ts';

const revisions = times(50, 1_000);
const rounds = times(50, 1_000);
const siblings = 25; // rounds under one root

const web = (version: string) => aService('web', { dependsOn: ['cart'], env: { VERSION: version } });
const cart = aService('cart');

test(`two writers race ${revisions} revisions on one environment: none is lost, generations have no gap, losers are told`, async () => {
  const random = seededRandom(revisions);
  // Handlers overtake each other, as replicas that pause do.
  const gate = () => new Promise<void>((resolve) => setTimeout(resolve, random.integer(0, 8)));
  await using bench = await GraphBench.start({ gate });
  const write = async (writer: string): Promise<string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < revisions / 2; n++) {
      const version = `${writer}-${n}`;
      ids.push(await bench.accept(aRevision('shop', { services: [web(version), cart] }), `s-${version}`));
    }
    return ids;
  };
  const submissions = (await Promise.all([write('one'), write('two')])).flat();
  const answers = new Map<string, SubmissionAnswer>();
  for (const id of submissions) answers.set(id, await bench.answer(id));

  const revised = [...answers].flatMap(([id, answer]) => (answer.kind === 'revised' ? [{ id, ...answer }] : []));
  const outdated = [...answers].flatMap(([id, answer]) => (answer.kind === 'outdated' ? [{ id, ...answer }] : []));
  expect(revised.length + outdated.length).toBe(revisions);
  expect(revised.map(({ generation }) => generation).toSorted((a, b) => a - b)).toEqual(
    revised.map((_, index) => index + 1),
  );
  for (const { newer } of outdated) expect(answers.get(newer)?.kind).toBe('revised');

  const activations = await activationsOf(bench);
  for (const { id, generation } of revised) {
    const { submission, artifacts } = must(activations.get(generation), `generation ${generation} is kept`);
    expect(submission).toBe(id);
    expect(await versionOf(bench, generation)).toBe(id.slice(2));
    expect(artifacts.derivation).toBeDefined();
  }
  expect(activations.size).toBe(revised.length);
  const said = await bench.bus.read(streams.events.name, { filter: environmentRevised.subject({ org, env: 'shop' }) });
  expect(said).toHaveLength(revised.length);
  counted('two writers', { revisions, generations: revised.length, outdated: outdated.length });
});

const folder = mkdtempSync(join(tmpdir(), 'msx-races-'));
let store: GraphStore;
let hands: GraphHands;
beforeAll(async () => {
  store = await openSqliteStore(join(folder, 'graph.db'));
  hands = new GraphHands(store);
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test(`claims of ${rounds} generations by two runtimes in any order: target only grows, the others are superseded`, async () => {
  const random = seededRandom(rounds);
  const approvals: { generation: number; approval: Awaited<ReturnType<GraphHands['approve']>> }[] = [];
  let [claimed, superseded, late] = [0, 0, 0];
  for (let round = 0; round < rounds / 10; round++) {
    for (let n = 0; n < 10; n++) {
      const generation = revisedIn(await hands.accept(aRevision('claims', { services: [web(`${round}-${n}`), cart] })));
      approvals.push({ generation, approval: await hands.approve('claims', generation) });
    }
    const asked = random.shuffle([...approvals, ...approvals]);
    approvals.length = 0;
    const replies = await Promise.all(
      asked.map(({ generation, approval }) => hands.claim('claims', generation, approval)),
    );
    const won = asked.filter((_, index) => replies[index]?.kind === 'claimed').map(({ generation }) => generation);
    expect(new Set(won).size).toBe(won.length);
    expect(won).toContain(Math.max(...asked.map(({ generation }) => generation)));
    const told = replies.map(({ kind }) => kind).filter((kind) => kind !== 'claimed');
    expect(told.filter((kind) => kind !== 'superseded' && kind !== 'already')).toEqual([]);
    claimed += won.length;
    superseded += told.filter((kind) => kind === 'superseded').length;
    late += told.filter((kind) => kind === 'already').length;
    expect((await hands.environment('claims'))?.open).toEqual([Math.max(...won)]);
  }
  counted('claims', { asked: rounds * 2, claimed, superseded, already: late });
});

test(`a parent is stopped while a child claims, ${rounds} times: exactly one wins`, async () => {
  const random = seededRandom(2);
  const wins = { stop: 0, claim: 0 };
  for (let round = 0; round < rounds; round++) {
    const [parent, child] = [`parent-${round}`, `child-${round}`];
    await hands.apply(aRevision(parent, { services: [web('1'), cart] }));
    const generation = revisedIn(await hands.accept(aRevision(child, { parent, services: [web('2')] })));
    const approval = await hands.approve(child, generation);
    const [stopped, claimed] = await race(
      random,
      () => hands.command(parent, 'stop'),
      () => hands.claim(child, generation, approval),
    );
    const stopWon = stopped.kind === 'revised';
    expect([stopped.kind, claimed.kind]).toEqual(stopWon ? ['revised', 'provider not wanted'] : ['refused', 'claimed']);
    expect((await hands.environment(child))?.holds.length).toBe(stopWon ? 0 : 1);
    wins[stopWon ? 'stop' : 'claim']++;
  }
  expect(Math.min(wins.stop, wins.claim)).toBeGreaterThan(0);
  counted('a parent stopped while a child claims', { rounds, ...wins });
});

test(`a parent is put to sleep while a child claims, ${rounds} times: refused after the claim, woken after the sleep`, async () => {
  const random = seededRandom(5);
  const wins = { sleep: 0, claim: 0 };
  let audited = 0;
  for (let round = 0; round < rounds; round++) {
    const [parent, child] = [`bed-${round}`, `guest-${round}`];
    await hands.apply(aRevision(parent, { services: [web('1'), cart] }));
    const generation = revisedIn(await hands.accept(aRevision(child, { parent, services: [web('2')] })));
    const approval = await hands.approve(child, generation);
    audited += (await leavesSince(audited)).length;
    const [slept, claimed] = await race(
      random,
      () => hands.command(parent, 'sleep'),
      () => hands.claim(child, generation, approval),
    );
    expect(claimed.kind).toBe('claimed');
    expect((await hands.environment(child))?.holds.length).toBe(1);
    const sleepWon = slept.kind === 'revised';
    wins[sleepWon ? 'sleep' : 'claim']++;
    if (!sleepWon) {
      expect(slept.kind).toBe('refused');
      continue;
    }
    const leaves = await leavesSince(audited);
    expect(leaves.indexOf(`revised ${parent}@2`)).toBeLessThan(leaves.indexOf(`claimed ${child}@1`));
    // What the child's `await` job does next.
    expect(await hands.wake(parent)).toEqual({ kind: 'waking', generation: 3 });
    expect((await hands.environment(parent))?.wanted).toBe('running');
  }
  expect(Math.min(wins.sleep, wins.claim)).toBeGreaterThan(0);
  counted('a parent put to sleep while a child claims', { rounds, ...wins });
});

test(`a parent is put to sleep while a child that sleeps is woken, ${rounds} times: whoever runs has a provider that runs`, async () => {
  const random = seededRandom(6);
  const wins = { sleep: 0, wake: 0 };
  for (let round = 0; round < rounds; round++) {
    const [parent, child] = [`cot-${round}`, `nap-${round}`];
    await hands.apply(aRevision(parent, { services: [web('1'), cart] }));
    await hands.apply(aRevision(child, { parent, services: [web('2')] }));
    await hands.realise(child, revisedIn(await hands.command(child, 'sleep')));
    const [slept, woken] = await race(
      random,
      () => hands.command(parent, 'sleep'),
      () => hands.wake(child),
    );
    expect(woken).toEqual({ kind: 'waking', generation: 3 });
    wins[slept.kind === 'revised' ? 'sleep' : 'wake']++;
    const approval = await hands.approve(child, 3);
    expect((await hands.claim(child, 3, approval)).kind).toBe('claimed');
    const asleep = (await hands.environment(parent))?.wanted === 'asleep';
    expect(asleep).toBe(slept.kind === 'revised');
    if (asleep) expect((await hands.wake(parent)).kind).toBe('waking');
    // From the claim on nobody puts it to sleep under its child.
    expect(await hands.command(parent, 'sleep')).toMatchObject({ kind: 'refused', findings: [{ code: 'held' }] });
  }
  expect(Math.min(wins.sleep, wins.wake)).toBeGreaterThan(0);
  counted('a parent put to sleep while a child is woken', { rounds, ...wins });
});

test(`two overlays map to each other, ${rounds} times: exactly one wins`, async () => {
  const random = seededRandom(3);
  const wins = { left: 0, right: 0 };
  for (let round = 0; round < rounds; round++) {
    const [left, right] = [`left-${round}`, `right-${round}`];
    const ring = `ring-${Math.floor(round / siblings)}`;
    if (round % siblings === 0) await hands.apply(aRevision(ring, { services: [web('1'), cart] }));
    for (const env of [left, right]) await hands.apply(overlayOf(env, ring, {}));
    const claims = await Promise.all(
      [
        [left, right],
        [right, left],
      ].map(async ([env = '', to = '']) => {
        const generation = revisedIn(await hands.accept(overlayOf(env, ring, { cart: to })));
        return { env, generation, approval: await hands.approve(env, generation) };
      }),
    );
    const [one, two] = claims.map((asked) => () => hands.claim(asked.env, asked.generation, asked.approval));
    const replies = await race(random, must(one, 'the left one'), must(two, 'the right one'));
    expect(replies.map(({ kind }) => kind).toSorted()).toEqual(['claimed', 'taken']);
    const holds = await Promise.all([left, right].map(async (env) => (await hands.environment(env))?.holds ?? []));
    const provided = holds.map((held) => held.some(({ env }) => env === left || env === right));
    expect(provided.toSorted()).toEqual([false, true]);
    wins[provided[0] ? 'left' : 'right']++;
  }
  expect(Math.min(wins.left, wins.right)).toBeGreaterThan(0);
  counted('two overlays map to each other', { rounds, ...wins });
});

test(`two siblings take one route, ${rounds} times: exactly one has it`, async () => {
  const random = seededRandom(4);
  const wins = { atTheBlueprint: 0, atTheClaim: 0 };
  for (let round = 0; round < rounds; round++) {
    const [left, right] = [`one-${round}`, `two-${round}`];
    const value = `route-${round}`;
    const group = Math.floor(round / siblings);
    const [root, north, south] = [`root-${group}`, `north-${group}`, `south-${group}`];
    if (round % siblings === 0) {
      await hands.apply(aRevision(root, { services: [web('1'), cart] }));
      for (const env of [north, south]) await hands.apply(aRevision(env, { parent: root, services: [web('2')] }));
    }
    // Of one parent they meet at its row; of two parents only where the key is.
    const parents = round % 2 === 0 ? [root, root] : [north, south];
    const declare = (env: string, parent = '') =>
      hands.accept(aRevision(env, { parent, services: [web('3')], routing: { value } }));
    const answers = await race(
      random,
      () => declare(left, parents[0]),
      () => declare(right, parents[1]),
    );
    const accepted = [left, right].filter((_, index) => answers[index]?.kind === 'revised');
    const ready = await Promise.all(accepted.map(async (env) => ({ env, approval: await hands.approve(env, 1) })));
    const [one, two] = ready.map(
      ({ env, approval }) =>
        () =>
          hands.claim(env, 1, approval),
    );
    const replies: readonly ClaimReply[] =
      two === undefined ? [await must(one, 'one was accepted')()] : await race(random, must(one, 'the first'), two);
    expect(replies.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(replies.filter(({ kind }) => kind !== 'claimed' && kind !== 'taken')).toEqual([]);
    const keys = await Promise.all([left, right].map(async (env) => (await hands.environment(env))?.keys ?? []));
    expect(keys.flat()).toEqual([`route:${root}/x-msx-env=${value}`]);
    wins[two === undefined ? 'atTheBlueprint' : 'atTheClaim']++;
  }
  expect(wins.atTheClaim).toBeGreaterThan(0);
  counted('two siblings take one route', {
    rounds,
    'at the Blueprint': wins.atTheBlueprint,
    'at the claim': wins.atTheClaim,
  });
});

/** The audit log behind an entry: it has the order of the commits. */
async function leavesSince(after: number): Promise<readonly string[]> {
  const rows: string[] = [];
  for (let from = after; ; ) {
    const reply = await hands.ask({ kind: 'audit', after: from });
    if (reply.kind !== 'audit' || reply.items.length === 0) return rows;
    rows.push(...reply.items.map(({ verb, subject }) => `${verb} ${subject}`));
    from = must(reply.items.at(-1), 'a page has entries').n;
  }
}

function overlayOf(env: string, parent: string, providers: Readonly<Record<string, string>>): Revision {
  return aRevision(env, { parent, services: [web('2')], routing: { providers } });
}

function revisedIn(answer: SubmissionAnswer): number {
  if (answer.kind !== 'revised') throw new Error(`There is no new generation: ${JSON.stringify(answer)}`);
  return answer.generation;
}

/** Both at once, either of them some round trips to the database later than the other. */
async function race<A, B>(random: SeededRandom, a: () => Promise<A>, b: () => Promise<B>): Promise<[A, B]> {
  const after = async <T>(turns: number, work: () => Promise<T>): Promise<T> => {
    for (let turn = 0; turn < turns; turn++) await store.scan('meta', { prefix: '', limit: 1 });
    return work();
  };
  return Promise.all([after(random.integer(0, 6), a), after(random.integer(0, 6), b)]);
}

async function activationsOf(bench: GraphBench): Promise<ReadonlyMap<number, ActivationItem>> {
  const reply = await bench.bus.request(query, org, { kind: 'activations', env: 'shop' });
  if (reply.kind !== 'activations') throw new Error(`Nothing is known of "shop": ${reply.kind}`);
  return new Map(reply.items.map((item) => [item.generation, item]));
}

async function versionOf(bench: GraphBench, at: number): Promise<string | undefined> {
  const reply = await bench.bus.request(query, org, { kind: 'environment-detail', env: 'shop', at });
  if (reply.kind !== 'environment-detail') throw new Error(`Nothing is known of generation ${at}: ${reply.kind}`);
  const { services } = JSON.parse(must(reply.item.artifacts.revision, 'its revision is kept').bytes) as Revision;
  const declared = services.find(({ name }) => name === 'web');
  return declared?.kind === 'run' ? declared.spec.env.VERSION : undefined;
}
