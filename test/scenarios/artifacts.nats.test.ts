import { routingFormats } from '@microstax/model/routing-artifacts/routing-artifact';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, baseline, echo, overlay, type WrittenBlueprint } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCliHere } from './run-cli.ts';

/** Artifacts as a person asks for them: of any generation, from the graph alone. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
  await ready(
    baseline('shop', [echo('web', { version: '1' }), echo('pay', { version: '1' }), echo('db', { version: '1' })]),
  );
  await ready(overlay('feat', 'shop', [echo('pay', { version: '2' })]));
  await ready(overlay('feat', 'shop', [echo('pay', { version: '2' }), echo('db', { version: '2' })]));
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('msx artifacts prints every format, of an earlier generation as it was', async () => {
  for (const format of routingFormats) {
    const first = await msx('artifacts', 'feat', '--format', format, '--at', '1', '--with', 'shop');
    expect(first.code, first.stderr).toBe(exitCodes.ok);
    const second = await msx('artifacts', 'feat', '--format', format);
    expect(second.code, second.stderr).toBe(exitCodes.ok);
    expect(second.stdout).not.toBe(first.stdout);
  }
  const registry = JSON.parse(
    (await msx('artifacts', 'shop', '--format', 'registry', '--with', 'feat@1', '--service', 'db')).stdout,
  );
  expect(registry).toMatchObject([
    { id: 'shop/db', answer: { env: 'shop' }, contexts: { feat: { env: 'shop' }, shop: { env: 'shop' } } },
  ]);
  const names = (await msx('artifacts', 'feat', '--format', 'coredns', '--at', '1')).stdout.split('\n');
  expect(names).toContain('# pay.feat.svc.cluster.local runs here');
  expect(names).toContain('rewrite stop name exact db.feat.svc.cluster.local db.shop.svc.cluster.local answer auto');
});

test('--mirror sends the copies of what belongs to the environment to another one, where that runs its own', async () => {
  const { stdout, stderr } = await msx('artifacts', 'shop', '--format', 'gateway', '--mirror', 'feat@1');
  expect(stderr).toBe('');
  const { items } = JSON.parse(stdout) as { items: { metadata: { name: string }; spec: { rules: object[] } }[] };
  const copied = items.filter(({ spec }) => JSON.stringify(spec.rules.at(-1)).includes('RequestMirror'));
  expect(copied.map(({ metadata }) => metadata.name)).toEqual(['pay-http']);
});

test('one changed service leaves the digests of the others', async () => {
  const digests = async (at: string): Promise<Record<string, string>> => {
    const { stdout } = await msx('artifacts', 'feat', '--format', 'envoy', '--at', at, '-o', 'json');
    const items = JSON.parse(stdout) as { service: string; digest: string }[];
    return Object.fromEntries(items.map(({ service, digest }) => [service, digest]));
  };
  const [before, after] = [await digests('1'), await digests('2')];
  expect(Object.keys(before)).toEqual(['db', 'pay', 'web']);
  expect(Object.keys(before).filter((service) => before[service] !== after[service])).toEqual(['db']);
});

test.each([
  [['feat', '--format', 'iptables'], exitCodes.usage, 'allowed are router, kubernetes'],
  [['feat', '--format', 'nginx', '--service', 'nothing'], exitCodes.notFound, 'feat has no service "nothing"'],
  [['feat', '--format', 'nginx', '--at', '99'], exitCodes.notFound, 'generation 99 of "feat"'],
  [['shop', '--format', 'nginx', '--mirror', 'feat'], exitCodes.usage, 'envoy, gateway, gateway-consumer do'],
  [['shop', '--format', 'envoy', '--mirror', 'shop'], exitCodes.usage, 'a copy goes to another environment'],
  [['feat', '--format', 'nginx', '--with', 'a b'], exitCodes.usage, 'expected an environment, or <env>@<generation>'],
])('msx artifacts %s is refused with what to do', async (args, code, message) => {
  const result = await msx('artifacts', ...args);
  expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
});

test('with planner, resolver and runtime stopped, earlier generations are answered as before', async () => {
  const questions = [
    ...routingFormats.map((format) => ['artifacts', 'feat', '--format', format, '--at', '1']),
    ['plan', 'feat', '--at', '1', '-o', 'json'],
    ['resolve', 'feat', 'db', '--at', '1'],
    ['explain', 'feat', 'db', '--at', '1'],
  ];
  const before = [];
  for (const question of questions) before.push(await msx(...question));
  for (const room of ['planner', 'resolver', 'runtime'] as const) await house.stop(room);
  for (const [index, question] of questions.entries()) {
    const after = await msx(...question);
    expect(after.code, after.stderr).toBe(exitCodes.ok);
    expect(after.stdout).toBe(before[index]?.stdout);
  }
});

async function ready(blueprint: WrittenBlueprint): Promise<void> {
  const { activation, answer } = await house.apply(blueprint.name, asYaml(blueprint));
  expect(activation, JSON.stringify(answer)).toMatchObject({ outcome: 'ready' });
}

function msx(...args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url });
}
