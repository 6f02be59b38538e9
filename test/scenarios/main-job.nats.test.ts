import { readFileSync } from 'node:fs';
import type { Difference } from '@microstax/model/difference';
import type { CostTerm, Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spansOf } from '../../apps/cli/src/commands/trace.ts';
import { askHttp } from './ask-http.ts';
import { type House, startHouse } from './house.ts';

/** The storefront, as the README shows it: a baseline, an overlay of one service, a team overlay and a feature on it. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
  for (const file of ['baseline', 'overlay-payments', 'team-checkout', 'feature-express']) {
    const text = readFileSync(`examples/storefront/${file}.yaml`, 'utf8');
    const env = /^name: (\S+)$/m.exec(text)?.[1] ?? '';
    const { activation } = await house.apply(env, text);
    expect(activation, `${env}: ${activation?.reason}`).toMatchObject({ outcome: 'ready' });
  }
});
afterAll(() => house?.[Symbol.asyncDispose]());

const eight = ['cart', 'catalog', 'checkout', 'payments', 'pricing', 'shipping', 'store', 'web'];

test('a baseline runs every service, an overlay exactly the one it changed and inherits the rest', async () => {
  expect(await house.locals('shop')).toEqual(eight);
  expect(await house.locals('feat-payments')).toEqual(['payments']);
  const services = await house.services('feat-payments');
  expect(services.map(({ service }) => service).sort()).toEqual(eight);
  for (const { service, placement, provider, pids } of services.filter(({ service }) => service !== 'payments'))
    expect({ service, placement, provider, pids }).toEqual({
      service,
      placement: 'inherited',
      provider: 'shop',
      pids: [],
    });
});

test('one URL is answered by baseline or overlay depending on the context, each hop as the records say', async () => {
  const url = `${await house.urlOf('shop', 'web')}/`;
  for (const context of [undefined, 'feat-payments', 'team-checkout', 'feat-express']) {
    const { status, target, body } = await askHttp<Hop>(url, context);
    expect({ context, status, target }).toEqual({ context, status: 200, target: 'shop/web' });
    const { records } = await house.artifact<Resolution>(context ?? 'shop', 'resolution');
    const hops = flat(body);
    expect(new Set(hops.map(({ service }) => service))).toEqual(new Set(eight));
    for (const hop of hops) {
      const target = records.find(({ service }) => service === hop.service)?.target;
      const env = target && !('external' in target) ? target.env : undefined;
      expect({ context, service: hop.service, env: hop.environment }).toEqual({
        context,
        service: hop.service,
        env,
      });
      expect(await pidsOf(env ?? '', hop.service)).toEqual([hop.pid]);
    }
  }
});

test('the header does what the baggage does, an unknown context is the baseline', async () => {
  const url = `${await house.urlOf('shop', 'web')}/`;
  const paid = async (headers: Readonly<Record<string, string>>): Promise<string | undefined> =>
    flat((await askHttp<Hop>(url, headers)).body).find(({ service }) => service === 'payments')?.environment;
  expect(await paid({ 'x-msx-env': 'feat-payments' })).toBe('feat-payments');
  expect(await paid({ baggage: 'user=7,msx-env=feat-payments;ttl=1' })).toBe('feat-payments');
  expect(await paid({ 'x-msx-env': 'nobody-knows-it' })).toBe('shop');
  expect(await paid({})).toBe('shop');
});

test('a feature on a team overlay finds its provider one tier up, in the team', async () => {
  expect(await house.locals('feat-express')).toEqual(['checkout']);
  const { records } = await house.artifact<Resolution>('feat-express', 'resolution');
  const shipping = records.find(({ service }) => service === 'shipping');
  expect(shipping).toMatchObject({ tier: 'inherited ancestor', target: { env: 'team-checkout', service: 'shipping' } });
  expect(shipping?.tried.map(({ tier, answered }) => [tier, answered])).toEqual([
    ['local overlay', false],
    ['explicit provider mapping', false],
    ['inherited ancestor', true],
  ]);
  expect(records.find(({ service }) => service === 'catalog')).toMatchObject({
    tier: 'baseline',
    target: { env: 'shop' },
  });
});

test('a local and an inherited service can be explained: difference, reason and every tier that was tried', async () => {
  const plan = await house.artifact<Plan>('feat-payments', 'plan');
  const difference = await house.artifact<Difference>('feat-payments', 'difference');
  const payments = difference.services.find(({ service }) => service === 'payments');
  expect(payments?.state).toBe('changed');
  expect(payments?.changes.map(({ pointer }) => pointer)).toContain('/env/FEE_PERCENT');
  const placementOf = (name: string): Plan['placements'][number] | undefined =>
    plan.placements.find(({ service }) => service === name);
  expect(placementOf('payments')?.reasons[0]?.text).toMatch(/\S/);
  expect(placementOf('catalog')?.reasons[0]?.text).toMatch(/\S/);
  expect(placementOf('checkout')).toMatchObject({ kind: 'inherited', carriesContext: true });
  expect(placementOf('store')).toMatchObject({ kind: 'inherited', carriesContext: false });
  const { records } = await house.artifact<Resolution>('feat-payments', 'resolution');
  for (const { service, tried } of records) {
    expect(
      tried.filter(({ answered }) => answered),
      service,
    ).toHaveLength(1);
    expect(
      tried.every(({ reason }) => reason.length > 0),
      service,
    ).toBe(true);
  }
});

test('the cost follows from the terms by the formula that stands beside it', async () => {
  const { cost } = await house.artifact<Plan>('feat-payments', 'plan');
  const gibibyte = 1024 ** 3;
  const unit = { cpu: 1_000, memory: gibibyte, storage: gibibyte, instance: 1, bridge: 1 } as const;
  const recomputed = ({ term, quantity, priceMicros }: CostTerm): number =>
    Math.floor((quantity * priceMicros) / unit[term] + 0.5);
  for (const term of [...cost.terms, ...cost.fullCopyTerms])
    expect(recomputed(term), JSON.stringify(term)).toBe(term.microsPerHour);
  expect(sum(cost.terms)).toBe(cost.microsPerHour);
  expect(sum(cost.fullCopyTerms)).toBe(cost.fullCopyMicrosPerHour);
  expect(cost.savedMicrosPerHour).toBe(cost.fullCopyMicrosPerHour - cost.microsPerHour);
  expect(new Set(cost.terms.map(({ service }) => service))).toEqual(new Set(['payments']));
  expect(new Set(cost.fullCopyTerms.map(({ service }) => service))).toEqual(new Set(eight));
  expect(cost.microsPerHour).toBeLessThan(cost.fullCopyMicrosPerHour / 4);
});

test('one trace has the spans of all six services, each hanging on another one of it', async () => {
  const trace = (await house.outcome('feat-payments', 1)).traces[0] ?? '';
  const spans = await eventually(
    async () => {
      const found = await spansOf(house.session, trace);
      const services = new Set(found.map(({ service }) => service));
      return six.every((service) => services.has(service)) && found;
    },
    { message: `trace ${trace} has spans of ${six.join(', ')}` },
  );
  const ids = new Set(spans.map(({ id }) => id));
  const roots = spans.filter(({ parent }) => parent === null || !ids.has(parent));
  expect(roots.map(({ service, name }) => `${service} ${name}`)).toEqual(['cli submit']);
  expect(spans.filter(({ error }) => error !== null)).toEqual([]);
});

const six = ['intake', 'graph', 'planner', 'resolver', 'validator', 'runtime'];

type Hop = {
  readonly service: string;
  readonly environment: string;
  readonly pid: number;
  readonly calls: readonly Hop[];
};

function flat(hop: Hop): readonly Hop[] {
  return [hop, ...hop.calls.flatMap(flat)];
}

async function pidsOf(env: string, service: string): Promise<readonly number[]> {
  return (await house.pids(env))[service] ?? [];
}

function sum(terms: readonly CostTerm[]): number {
  return terms.reduce((total, { microsPerHour }) => total + microsPerHour, 0);
}
