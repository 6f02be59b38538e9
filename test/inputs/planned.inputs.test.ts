import type { Plan } from '@microstax/model/plan';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { previewBlueprint } from '../../apps/cli/src/preview.ts';
import { type House, startHouse } from '../scenarios/house.ts';
import { applications, present } from './applications.ts';

/**
 * Each public application plans as a baseline, and an overlay that changes one of its services plans sparsely, through
 * the services themselves. Local processes cannot run images, so what is planned is not executed.
 */

type Written = { readonly name: string; readonly services: readonly Readonly<Record<string, unknown>>[] };

let house: House;
const rows: string[] = [];
beforeAll(async () => {
  if (present) house = await startHouse();
});
afterAll(async () => {
  if (rows.length > 0) process.stdout.write(`\n${rows.join('\n')}\n`);
  await house?.[Symbol.asyncDispose]();
});

describe.skipIf(!present)('a public application', () => {
  test.each(applications)(
    '$name plans as a baseline, and an overlay of one service plans sparsely',
    async ({ name, services, changed, load }) => {
      const blueprint = load().blueprint;
      const whole = await planOf(name, blueprint);
      expect(whole.placements.filter(({ kind }) => kind === 'local')).toHaveLength(services);

      await house.apply(name, blueprint, { wait: true });
      for (const service of changed) {
        const overlay = overlayOf(blueprint, service);
        const plan = await planOf(overlay.name, stringify(overlay));
        const local = plan.placements.filter(({ kind }) => kind === 'local').map((placement) => placement.service);
        rows.push(`${name}: ${service} changed, ${local.length} of ${services} local: ${local.join(' ')}`);
        expect(local).toContain(service);
        expect(local.length).toBeLessThan(services);
      }
    },
  );

  test('Online Boutique runs a changed paymentservice alone, and with its caller where that drops the context', async () => {
    const load = applications.find(({ name }) => name === 'online-boutique')?.load;
    const { blueprint = '' } = load?.() ?? {};
    await house.apply('boutique', named('boutique', blueprint), { wait: true });
    expect(await localOf('boutique', blueprint)).toEqual(['paymentservice']);
    const dropping = changedCalls(blueprint, 'checkoutservice', { propagates: false });
    await house.apply('dropping', named('dropping', dropping), { wait: true });
    expect(await localOf('dropping', dropping)).toEqual(['checkoutservice', 'paymentservice']);
  });
});

/** Names of what runs in an overlay whose paymentservice is changed. */
async function localOf(env: string, blueprint: string): Promise<readonly string[]> {
  const overlay = overlayOf(named(env, blueprint), 'paymentservice');
  const { placements } = await planOf(overlay.name, stringify(overlay));
  return placements.filter(({ kind }) => kind === 'local').map(({ service }) => service);
}

function named(name: string, blueprint: string): string {
  return stringify({ ...parse(blueprint), name });
}

function changedCalls(blueprint: string, service: string, change: object): string {
  const { services, ...rest } = parse(blueprint) as Written;
  const changed = services.map((one) => {
    if (one.name !== service) return one;
    return { ...one, dependsOn: (one.dependsOn as readonly object[]).map((call) => ({ ...call, ...change })) };
  });
  return stringify({ ...rest, services: changed });
}

async function planOf(env: string, text: string): Promise<Plan> {
  const { plan, findings, verdict } = await previewBlueprint(house.session, {
    file: env,
    env,
    bytes: Buffer.from(text),
  });
  if (plan === null) throw new Error(`${env} has no plan, it is ${verdict}: ${JSON.stringify(findings)}`);
  expect(verdict, JSON.stringify(findings.filter(({ severity }) => severity === 'error'))).toBe('approved');
  return plan;
}

/** One service of a baseline with another image. */
function overlayOf(blueprint: string, service: string): Written {
  const { name, services } = parse(blueprint) as Written;
  const declared = services.filter((one) => one.name === service).map((one) => ({ ...one, image: 'acme/changed:2' }));
  return {
    name: `${name}-${service}`.slice(0, 40).replace(/-+$/, ''),
    routing: { mode: 'overlay', baselineId: name },
    services: declared,
  } as Written;
}
