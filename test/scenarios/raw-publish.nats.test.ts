import type { Plan } from '@microstax/model/plan';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asYaml, baseline, chain, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** The public door: a YAML body under a subject, from any client, in any order. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('a Blueprint published without a header is the same revision as one that the CLI applied', async () => {
  const applied = await house.apply('byhand', asYaml(baseline('byhand', [echo('web')])));
  expect(applied.activation?.outcome).toBe('ready');
  const [first] = await revisions('byhand');

  await house.publish('byhand', asYaml(baseline('byhand', [echo('web')])));
  const submissions = await eventually(async () => {
    const items = (await house.ask({ kind: 'submissions', env: 'byhand' }))?.items ?? [];
    return items.length === 2 && items;
  });
  expect(submissions.map(({ answer }) => answer.kind).sort()).toEqual(['revised', 'unchanged']);
  expect(await revisions('byhand')).toEqual([first]);

  await house.publish('byhand', asYaml(baseline('byhand', [echo('web', { version: '2' })])));
  expect(await house.outcome('byhand', 2)).toMatchObject({ outcome: 'ready' });
  await house.apply('byhand', asYaml(baseline('byhand', [echo('web')])));
  expect((await house.detail('byhand', 3)).status.serving?.revision).toBe(first);
});

test('baseline and overlay published back to back end ready, placed as when the second waits for the first', async () => {
  await house.publish('quick', asYaml(baseline('quick', chain())));
  await house.publish('quick-feat', asYaml(overlay('quick-feat', 'quick', [echo('db', { version: '2' })])));
  expect(await house.outcome('quick-feat', 1)).toMatchObject({ outcome: 'ready' });
  expect(await house.outcome('quick', 1)).toMatchObject({ outcome: 'ready' });

  await house.apply('slow', asYaml(baseline('slow', chain())));
  await house.apply('slow-feat', asYaml(overlay('slow-feat', 'slow', [echo('db', { version: '2' })])));
  expect(await placements('quick')).toEqual(await placements('slow'));
  expect(await placements('quick-feat')).toEqual(await placements('slow-feat'));
  expect((await placements('quick-feat')).map(([service, kind]) => `${service} ${kind}`)).toEqual([
    'api inherited',
    'db local',
    'web inherited',
  ]);
});

test('an overlay whose parent is received but not decided waits for it', async () => {
  const parent = house.gates.hold('graph', ({ subject }) => subject.endsWith('.undecided.accepted'));
  const again = house.gates.hold(
    'intake',
    ({ subject, deliveries }) => subject.endsWith('.undecided-feat') && deliveries > 1,
  );
  await house.publish('undecided', asYaml(baseline('undecided', chain())));
  await house.publish('undecided-feat', asYaml(overlay('undecided-feat', 'undecided', [echo('db', { version: '2' })])));
  await parent.reached;
  await again.reached;
  expect(await house.status('undecided')).toBeUndefined();
  again.release();
  parent.release();
  expect(await house.outcome('undecided-feat', 1)).toMatchObject({ outcome: 'ready' });
  expect(await house.locals('undecided-feat')).toEqual(['db']);
});

test('an overlay that comes before its parent is rejected at once, because nobody has submitted the parent', async () => {
  const begun = performance.now();
  const early = house.apply('early-feat', asYaml(overlay('early-feat', 'early', [echo('db', { version: '2' })])));
  const { answer } = await early;
  const tookMs = performance.now() - begun;
  await house.publish('early', asYaml(baseline('early', chain())));

  expect(answer).toMatchObject({ kind: 'rejected', findings: [{ code: 'unknown-parent' }] });
  expect(answer.kind === 'rejected' && answer.findings[0]?.reason).toContain('"early"');
  expect(tookMs).toBeLessThan(5_000);
  expect(await house.outcome('early', 1)).toMatchObject({ outcome: 'ready' });
  expect(await house.status('early-feat')).toBeUndefined();
});

async function revisions(env: string): Promise<readonly string[]> {
  return ((await house.ask({ kind: 'revisions', env }))?.items ?? []).map(({ revision }) => revision);
}

async function placements(env: string): Promise<readonly (readonly string[])[]> {
  const { placements } = await house.artifact<Plan>(env, 'plan');
  const ancestors = (name: string | undefined): string => (name ?? '-').replace(/^(quick|slow)/, 'root');
  return placements.map(({ service, kind, provider, reasons }) => [
    service,
    kind,
    ancestors(provider?.env),
    reasons[0]?.code ?? '-',
  ]);
}
