import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asYaml, baseline, echo, overlay, type WrittenBlueprint } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { startLoad } from './load.ts';

/** Routes move after readiness, removals after routes: an update loses no request. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Programs that end at once when told to: only a removal that waits for the requests under way spares these. */
const rude = { env: { RUDE: '1' } };
const web = echo('web', { ...rude, upstreams: ['api'], expose: true });
const api = (version: string): ReturnType<typeof echo> => echo('api', { ...rude, version, upstreams: ['db'] });
const db = (version: string): ReturnType<typeof echo> => echo('db', { ...rude, version });

/** Quick ones for the many moments, slow ones that are under way while something is taken away. */
const workers = Array.from({ length: 16 }, (_, n) => ({
  ...(n % 2 === 0 ? {} : { context: 'busy-feat' }),
  ...(n < 6 ? { thinkMs: 900 } : {}),
}));

test('no request fails while an overlay is applied, changed and deleted, twice, and its baseline is changed', async () => {
  await applied('busy', baseline('busy', [web, api('1'), db('1')]));
  const load = startLoad(await house.urlOf('busy', 'web'), workers);
  /** More requests with the overlay's context go this way from now on. */
  const seen = async (way: string): Promise<void> => {
    const count = (): number => load.ways()[`busy-feat: ${way}`] ?? 0;
    const before = count();
    await eventually(() => count() > before + 40, { timeoutMs: 20_000, message: `requests take the way ${way}` });
  };

  await seen('web@busy > api@busy > db@busy');
  for (const round of [1, 2]) {
    await applied('busy-feat', overlay('busy-feat', 'busy', [api(`${round}.1`)]));
    await seen('web@busy > api@busy-feat > db@busy');
    await applied('busy-feat', overlay('busy-feat', 'busy', [api(`${round}.2`), db(`${round}.2`)]));
    await seen('web@busy > api@busy-feat > db@busy-feat');
    await applied('busy', baseline('busy', [web, api('1'), db(`1.${round}`)]));
    const deleted = await house.command('delete', 'busy-feat');
    expect(deleted.activation, deleted.activation?.reason).toMatchObject({ outcome: 'ready' });
    await seen('web@busy > api@busy > db@busy');
  }

  const { answered, failed, ways } = await load.stop();
  console.log(`${answered + failed.length} requests, ${failed.length} failed; ${JSON.stringify(ways, null, 2)}`);
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(500);
  expect(Object.keys(ways).filter((way) => way.startsWith('no context'))).toEqual([
    'no context: web@busy > api@busy > db@busy',
  ]);
});

async function applied(env: string, blueprint: WrittenBlueprint): Promise<void> {
  const { activation } = await house.apply(env, asYaml(blueprint));
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
