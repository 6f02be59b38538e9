import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { baseline, chain, echoPort, type WrittenBlueprint, type WrittenService } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** Comparison happens after normalisation, never on source text. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('one Blueprint has one revision id in whatever way it is written, and applying it again changes nothing', async () => {
  const shop = baseline('spelt', chain(), { labels: { team: 'core', tier: 'gold' } });
  const spellings: Readonly<Record<string, string>> = {
    'YAML, services as a list': stringify(shop),
    'YAML, services as a map': stringify({ ...shop, services: asMap(shop.services) }),
    'JSON, services as a list': JSON.stringify(shop),
    'JSON, services as a map': JSON.stringify({ ...shop, services: asMap(shop.services) }),
    'YAML, keys and services in reverse': stringify(reversed(shop)),
    'JSON, map in reverse': JSON.stringify(reversed({ ...shop, services: asMap(shop.services) })),
    'YAML, flow style with comments': `# the same\n${stringify(shop, { collectionStyle: 'flow' })}# end\n`,
    'YAML, ports as text': stringify({
      ...shop,
      services: shop.services.map((service) => ({ ...service, ports: [`${echoPort}:${echoPort}`] })),
    }),
  };
  const answers: Record<string, unknown> = {};
  for (const [spelling, text] of Object.entries(spellings)) {
    const { answer, activation } = await house.apply('spelt', text);
    answers[spelling] = `${answer.kind} ${activation?.outcome} ${(await house.status('spelt'))?.head?.revision}`;
  }
  const revision = (await house.status('spelt'))?.head?.revision;
  const [first = '', ...others] = Object.keys(spellings);
  expect(answers).toEqual({
    [first]: `revised ready ${revision}`,
    ...Object.fromEntries(others.map((spelling) => [spelling, `unchanged ready ${revision}`])),
  });
  expect((await house.ask({ kind: 'revisions', env: 'spelt' }))?.items).toHaveLength(1);
});

function asMap(services: readonly WrittenService[]): Readonly<Record<string, object>> {
  return Object.fromEntries(services.map(({ name, ...service }) => [name, service]));
}

/** Every map and the list of services backwards; lists that have an order, such as a command, stay. */
function reversed(blueprint: Readonly<Record<string, unknown>> | WrittenBlueprint): unknown {
  const turn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turn);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, one]) => [key, turn(one)]),
    );
  };
  const turned = turn(blueprint) as { services: unknown };
  return Array.isArray(turned.services) ? { ...turned, services: turned.services.toReversed() } : turned;
}
