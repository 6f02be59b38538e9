import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { oneAnswerOneOutcome } from './accounts.ts';
import { asYaml, baseline, overlay, type WrittenBlueprint, type WrittenService } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { runCliHere } from './run-cli.ts';

/** Services keep their identity over renames and are others where a name is used again; lineages up to their limits. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('a renamed service is the same one, and who gets its old name is another', async () => {
  await ready(baseline('shop', [quiet('payments'), quiet('mail')]));
  const first = await identities('shop');
  await ready(baseline('shop', [quiet('cash', { formerNames: ['payments'] }), quiet('mail')]));
  const second = await identities('shop');
  expect(second).toEqual({ cash: first.payments, mail: first.mail });
  await ready(baseline('shop', [quiet('cash'), quiet('payments'), quiet('mail')]));
  const third = await identities('shop');
  expect(third).toMatchObject(second);
  expect(Object.values(first)).not.toContain(third.payments);
  const { stdout } = await runCliHere(['diff', 'shop@1', 'shop@2'], { NATS_URL: house.url });
  expect(stdout).toMatch(/^cash +renamed +payments +-$/m);
});

test('a deleted name goes on with its generations and its services', async () => {
  const before = await identities('shop');
  await house.command('delete', 'shop');
  await ready(baseline('shop', [quiet('cash'), quiet('mail')]));
  expect(await house.status('shop')).toMatchObject({ state: 'ready', generation: 5 });
  expect(await identities('shop')).toEqual({ cash: before.cash, mail: before.mail });
});

test('a name whose service the lineage took away is another service below', async () => {
  const { mail } = await identities('shop');
  await ready(overlay('team', 'shop', [{ name: 'mail', remove: true }]));
  await ready(overlay('feat', 'team', [quiet('mail')]));
  const below = await identities('feat');
  expect(Object.keys(below)).toEqual(['cash', 'mail']);
  expect(below.mail).not.toBe(mail);
  await ready(overlay('team', 'shop', [quiet('mail', { env: { OWN: 'yes' } })]));
  expect((await identities('team')).mail).toBe(mail);
});

test('an overlay that renames what it inherits takes the old name away, or is rejected with what to add', async () => {
  const half = overlay('half', 'shop', [quiet('till', { formerNames: ['cash'] })]);
  const { answer } = await house.apply('half', asYaml(half));
  expect(answer).toMatchObject({ kind: 'rejected', findings: [{ code: 'former-name-inherited' }] });
  await ready(overlay('half', 'shop', [quiet('till', { formerNames: ['cash'] }), { name: 'cash', remove: true }]));
  const { cash, mail } = await identities('shop');
  expect(await identities('half')).toEqual({ mail, till: cash });
});

test('a chain of 8 is composed and planned, and a ninth is rejected', async () => {
  await ready(baseline('level-0', [quiet('web'), quiet('api')]));
  for (let depth = 1; depth <= 8; depth++)
    await ready(
      overlay(`level-${depth}`, `level-${depth - 1}`, depth === 4 ? [quiet('api', { env: { D: '4' } })] : []),
    );
  const graph = (await house.ask({ kind: 'graph', env: 'level-8' }))?.item;
  expect(graph?.ancestors).toEqual([7, 6, 5, 4, 3, 2, 1, 0].map((depth) => `level-${depth}`));
  expect(graph?.services.map(({ name, owner, provider }) => [name, owner, provider])).toEqual([
    ['api', 'level-4', 'level-4'],
    ['web', 'level-0', 'level-0'],
  ]);
  const { answer } = await house.apply('level-9', asYaml(overlay('level-9', 'level-8', [])));
  expect(answer).toMatchObject({ kind: 'rejected', findings: [{ code: 'lineage-too-deep' }] });
});

test('a parent of another organisation is rejected as what it is, where it stands', async () => {
  const foreign = overlay('stranger', 'acme/shop', []);
  const { answer } = await house.apply('stranger', asYaml(foreign));
  expect(answer).toMatchObject({
    kind: 'rejected',
    findings: [{ code: 'foreign-parent', subject: 'routing.baselineId', position: { line: expect.any(Number) } }],
  });
  expect((await runCliHere(['graph', 'stranger'], { NATS_URL: house.url })).code).toBe(exitCodes.notFound);
});

test('an environment that a mapping names may be published after who names it', async () => {
  const mapped = overlay('early', 'shop', []);
  await ready({ ...mapped, routing: { ...(mapped.routing as object), providers: { mail: 'late' } } });
  expect((await placed('early')).mail).toBe('shop');
  await ready(baseline('late', [quiet('mail', { env: { FROM: 'late' } })]));
  expect(await house.outcome('early', 2)).toMatchObject({
    outcome: 'ready',
    cause: { kind: 'parent moved', parent: 'late' },
  });
  expect((await placed('early')).mail).toBe('late');
  await oneAnswerOneOutcome(house);
});

/** A process that costs nothing and listens on nothing. */
function quiet(name: string, more: Readonly<Record<string, unknown>> = {}): WrittenService {
  return { name, run: { command: ['sleep', '1000'] }, ...more };
}

async function identities(env: string): Promise<Record<string, string>> {
  const services = (await house.ask({ kind: 'graph', env }))?.item.services ?? [];
  return Object.fromEntries(services.map(({ name, identity }) => [name, identity]));
}

async function placed(env: string): Promise<Record<string, string | null>> {
  const services = (await house.ask({ kind: 'graph', env }))?.item.services ?? [];
  return Object.fromEntries(services.map(({ name, provider }) => [name, provider]));
}

async function ready(blueprint: WrittenBlueprint): Promise<void> {
  const { answer, activation } = await house.apply(blueprint.name, asYaml(blueprint));
  expect(activation, JSON.stringify(answer)).toMatchObject({ outcome: 'ready' });
}
