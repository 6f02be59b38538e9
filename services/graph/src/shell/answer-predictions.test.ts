import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { answerKeepPrediction, answerPastChanges, answerPredictions } from './answer-predictions.ts';

const about = { org };
const image = (name: string, tag: string) => aService(name, { run: null, image: `docker.io/acme/${name}:${tag}` });
const shop = (tag = '1') => aRevision('shop', { services: ['cart', 'pay', 'web'].map((name) => image(name, tag)) });
const overlay = (env: string, ...names: string[]) =>
  aRevision(env, { parent: 'shop', services: names.map((name) => image(name, env)) });
const prediction = (env: string, changed: readonly string[], local: readonly string[]) => ({
  env,
  changed,
  services: local.map((service) => ({ service, percent: 90 })),
  local,
});

test('a prediction waits for the next plan of its environment, which confirms or discards it for good', async () => {
  const { graph, ...hands } = await started();
  expect(await answerKeepPrediction(graph, prediction('feat', ['cart/a.ts'], ['cart']), about)).toEqual({ n: 1 });
  expect(await answerKeepPrediction(graph, prediction('feat', ['x'], ['web', 'pay']), about)).toEqual({ n: 2 });
  expect(await answerPredictions(graph, {}, about)).toMatchObject({
    items: [
      { n: 2, outcome: null },
      { n: 1, outcome: null },
    ],
    rate: { predictions: 0 },
  });
  await hands.apply(overlay('feat', 'cart'));
  const first = await answerPredictions(graph, { env: 'feat' }, about);
  expect(first).toMatchObject({
    items: [
      { n: 2, outcome: { verdict: 'discarded', generation: 1, local: ['cart'], hits: 0, wrong: 2, missed: 1 } },
      {
        n: 1,
        changed: ['cart/a.ts'],
        outcome: { verdict: 'confirmed', changed: ['cart'], hits: 1, wrong: 0, missed: 0 },
      },
    ],
    rate: { predictions: 2, confirmed: 1, precisionPercent: 33, recallPercent: 50 },
  });
  await hands.apply(overlay('feat', 'web', 'pay'));
  expect(await answerPredictions(graph, { env: 'feat' }, about)).toEqual(first);
});

test('a prediction about what stands is compared with what is planned later', async () => {
  const { graph, ...hands } = await started();
  await hands.apply(overlay('feat', 'cart'));
  await answerKeepPrediction(graph, prediction('feat', ['w'], ['cart', 'web']), about);
  expect((await answerPredictions(graph, {}, about)).items).toMatchObject([{ outcome: null }]);
  await hands.apply(overlay('feat', 'cart', 'web'));
  expect((await answerPredictions(graph, {}, about)).items).toMatchObject([{ outcome: { generation: 2, hits: 2 } }]);
});

test('what changes nothing of an environment leaves a prediction as it is', async () => {
  const { graph, ...hands } = await started();
  await hands.apply(overlay('feat', 'cart'));
  await answerKeepPrediction(graph, prediction('feat', ['w'], ['cart', 'web']), about);
  await hands.sleep('feat');
  expect((await answerPredictions(graph, {}, about)).items).toMatchObject([{ outcome: null }]);
  await hands.apply(overlay('feat', 'cart', 'web'));
  expect((await answerPredictions(graph, {}, about)).items).toMatchObject([{ outcome: { generation: 3, hits: 2 } }]);
});

test('what was changed together is told with its images, and with the files of a prediction that came before', async () => {
  const { graph, ...hands } = await started();
  await answerKeepPrediction(graph, prediction('feat', ['proto/cart.proto'], ['cart']), about);
  await hands.apply(overlay('feat', 'cart', 'pay'));
  await hands.apply(overlay('other', 'web'));
  await hands.apply(shop('2'));
  expect(await answerPastChanges(graph, { env: 'other' }, about)).toEqual({
    changes: [
      { words: ['docker.io/acme/cart:feat', 'docker.io/acme/pay:feat', 'proto/cart.proto'], services: ['cart', 'pay'] },
      { words: ['docker.io/acme/web:other'], services: ['web'] },
      {
        words: ['docker.io/acme/cart:2', 'docker.io/acme/pay:2', 'docker.io/acme/web:2'],
        services: ['cart', 'pay', 'web'],
      },
    ],
  });
  expect(await answerPastChanges(graph, { env: 'nowhere' }, about)).toEqual({ changes: [] });
});

test('a prediction names an environment that could be', async () => {
  const { graph } = await started();
  await expect(answerKeepPrediction(graph, prediction('a/b', ['w'], []), about)).rejects.toThrow(
    'names no environment',
  );
  expect((await answerPredictions(graph, { env: '../x' }, about)).items).toEqual([]);
});

async function started() {
  const hands = new GraphHands(new MemoryStore());
  await hands.apply(shop());
  const sleep = async (env: string): Promise<void> => {
    await hands.command(env, 'sleep');
    const { generation } = must(await hands.environment(env), `${env} is known`);
    await hands.approve(env, generation);
  };
  return { graph: hands.graph, apply: hands.apply.bind(hands), sleep };
}
