import { afterAll, beforeAll, expect, test } from 'vitest';
import { counted } from './config.ts';
import { nothingTwice } from './nothing-twice.ts';
import { eventually } from './patience.ts';
import { type SplitHouse, services, startSplitHouse } from './split-house.ts';
import { spansByTrace } from './trace-of.ts';

/** Two processes of every service but the graph share the work; a second graph is refused. */

const activations = 20;
const replicated = services.filter((room) => room !== 'graph');

let split: SplitHouse;
beforeAll(async () => {
  split = await startSplitHouse();
  for (const room of replicated) split.start(room);
  const { baseline, chain } = split.house.blueprints;
  await split.house.activate(baseline('base', chain()));
});
afterAll(() => split?.[Symbol.asyncDispose]());

test('a second graph on the same database refuses to start and names the holder', async () => {
  const [holder] = split.of('graph');
  const second = split.start('graph');
  await second.ended;
  const words = second
    .log()
    .map(({ msg }) => msg)
    .join('\n');
  expect(words).toContain('graph cannot start');
  expect(words).toContain(`${holder?.pid}`);
  expect(split.of('graph')).toEqual([holder]);
});

test(`two of each service get ${activations} activations ready, each once`, async () => {
  const { house } = split;
  const { overlay, service } = house.blueprints;
  const envs = Array.from({ length: activations }, (_, index) => `r-${index}`);
  const startedAt = performance.now();
  for (const env of envs) await house.send(overlay(env, 'base', [service('api', { version: env, dependsOn: ['db'] })]));
  const outcomes = await Promise.all(envs.map((env) => house.outcome(env, 1)));
  const ms = Math.round(performance.now() - startedAt);
  expect(outcomes.filter(({ outcome }) => outcome !== 'ready')).toEqual([]);
  for (const env of envs) await nothingTwice(house, env);

  const traces = new Set(outcomes.flatMap(({ traces }) => traces));
  expect(traces.size).toBe(activations);
  const workers = await eventually(
    async () => {
      const spans = [...(await spansByTrace(house))].flatMap(([trace, each]) => (traces.has(trace) ? each : []));
      const found = replicated.map(
        (room) => [room, new Set(spans.flatMap((span) => (span.service === room ? [span.pid] : []))).size] as const,
      );
      return found.every(([, count]) => count === 2) && Object.fromEntries(found);
    },
    { message: 'both processes of each service took part' },
  );
  counted('replicas', { ms, ...workers, ...(await house.closeBooks()) });
});
