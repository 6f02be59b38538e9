import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asYaml, baseline, chain, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { startLoad } from './load.ts';

/** Routes move after readiness, removals after routes: an update loses no request. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('no request fails while an overlay is applied, changed and deleted, and its baseline is changed', async () => {
  const api = (version: string): ReturnType<typeof echo> => echo('api', { version, upstreams: ['db'] });
  expect((await house.apply('busy', asYaml(baseline('busy', chain())))).activation?.outcome).toBe('ready');
  const load = startLoad(await house.urlOf('busy', 'web'), { workers: 16, context: 'busy-feat' });
  const seen = (way: string): Promise<true> =>
    eventually(() => (load.ways()[`busy-feat: ${way}`] ?? 0) > 50 || undefined, {
      message: `requests take the way ${way}`,
    });

  await seen('web@busy > api@busy > db@busy');
  await applied('busy-feat', asYaml(overlay('busy-feat', 'busy', [api('2')])));
  await seen('web@busy > api@busy-feat > db@busy');
  await applied('busy-feat', asYaml(overlay('busy-feat', 'busy', [api('3'), echo('db', { version: '3' })])));
  await seen('web@busy > api@busy-feat > db@busy-feat');
  await applied('busy', asYaml(baseline('busy', [...chain().slice(0, 2), echo('db', { version: '1.1' })])));
  const deleted = await house.command('delete', 'busy-feat');
  expect(deleted.activation, deleted.activation?.reason).toMatchObject({ outcome: 'ready' });
  const before = load.ways()['busy-feat: web@busy > api@busy > db@busy'] ?? 0;
  await eventually(() => (load.ways()['busy-feat: web@busy > api@busy > db@busy'] ?? 0) > before + 50);

  const { answered, failed, ways } = await load.stop();
  console.log(`${answered + failed.length} requests, ${failed.length} failed; ${JSON.stringify(ways, null, 2)}`);
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(500);
  expect(Object.keys(ways).filter((way) => way.startsWith('no context'))).toEqual([
    'no context: web@busy > api@busy > db@busy',
  ]);
});

async function applied(env: string, blueprint: string): Promise<void> {
  const { activation } = await house.apply(env, blueprint);
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
