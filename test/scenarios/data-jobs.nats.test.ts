import { afterAll, beforeAll, expect, test } from 'vitest';
import { previewBlueprint } from '../../apps/cli/src/preview.ts';
import { asYaml, baseline, echo } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

const shop = asYaml(
  baseline('stocked', [echo('api', { upstreams: ['db'], expose: true }), echo('db', { more: { stateful: true } })], {
    snapshot: { from: 'prod/nightly', sanitise: { 'users.email': 'mask' } },
    seeds: ['currencies@3'],
  }),
);

test('a preview shows when data is restored, seeded and used', async () => {
  const file = { file: 'stocked.yaml', env: 'stocked', bytes: Buffer.from(shop) };
  const { verdict, plan, findings } = await previewBlueprint(house.session, file);
  expect(verdict).toBe('approved');
  const after = Object.fromEntries((plan?.jobs ?? []).map((job) => [job.id, job.after]));
  expect(after).toMatchObject({
    'restore:db': ['readiness:db'],
    'seed:db/currencies': ['restore:db'],
    'workload:api': ['scope', 'seed:db/currencies'],
  });
  expect(plan?.jobs.find(({ id }) => id === 'restore:db')?.reason).toBe(
    'first activation: prod/nightly sanitised users.email:mask is restored into db',
  );
  expect(findings.filter(({ code }) => code === 'not-realisable')).toEqual([]);
});

test('an activation whose snapshot nobody took fails before anything uses the data, and says what there is', async () => {
  const { activation } = await house.apply('stocked', shop, { wait: true });
  expect(activation).toMatchObject({ outcome: 'failed' });
  expect(activation?.reason).toBe(
    'restore:db: Cannot restore "db": There is no snapshot prod/nightly; known: none (msx snapshot create prod)',
  );
  const journal = (await house.ask({ kind: 'journal', env: 'stocked' }))?.items ?? [];
  expect(journal.some(({ event }) => event.type === 'intended' && event.job === 'workload:api')).toBe(false);
});
