import { compileRouting, routingPreface } from '@microstax/model/routing-artifacts/compile-routing';
import { type Answer, type RouteFamily, routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import { type RoutingFormat, writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { readContext } from '@microstax/propagate/context';
import { eventually } from '@microstax/testkit/eventually';
import { expect } from 'vitest';
import { aFamily, headerName } from './family.ts';

/** The environments that proxies are tried with, the requests, and what the records say of each. */

const [shop, feat] = aFamily({
  unknown: 'deny',
  environments: [
    { env: 'shop', parent: null, value: 'shop', does: { catalog: 'runs', 'pay-2': 'runs', web: 'runs' } },
    { env: 'feat', parent: 'shop', value: 'Feat.1', does: { catalog: 'inherits', 'pay-2': 'runs', web: 'denies' } },
  ],
});
if (shop === undefined || feat === undefined) throw new Error('a family has its environments');
export const family: RouteFamily = { listener: shop, others: [feat] };
export const answers = routeAnswers(family);
export const upstreamNames = ['http.catalog.shop', 'http.pay-2.shop', 'http.web.shop', 'http.pay-2.feat'];
export const header = headerName.toLowerCase();
export type Headers = Readonly<Record<string, string>>;

const values = ['shop', 'Feat.1', 'feat.1', 'FeatX1', 'nobody', 'a b', 'x/y'];

/** Contexts by every carrier, alone, among others, and against one another. */
export const cases: readonly Headers[] = [
  {},
  ...values.flatMap((value) => [
    { [header]: value },
    { baggage: `msx-env=${value}` },
    { baggage: `a=1;b, msx-env = ${value};p=2 ,my-msx-env=z` },
    { tracestate: `v=1, msx-env=${value},w=2` },
    { baggage: 'a=1', [header]: value, tracestate: 'msx-env=shop' },
    { baggage: `msx-env=${value}`, [header]: 'Feat.1' },
  ]),
];

/** For what looks at the environment's header alone. */
export const headerCases: readonly Headers[] = [{}, ...values.map((value) => ({ [header]: value }))];

export function textOf(format: RoutingFormat, of: RouteFamily = family): string {
  return writeRouting(format, compileRouting(format, of), routingPreface(format, headerName));
}

/** What the record says of a request: the name of an instance, or the denial. */
export function wantedFor({ own, contexts, unknown }: (typeof answers)[number], headers: Headers): string {
  const context = readContext(headers, { headerName }).env;
  const known = contexts.find(({ value }) => value === context)?.answer;
  return nameOf(context === undefined ? own : (known ?? unknown));
}

function nameOf(answer: Answer): string {
  if (answer.kind === 'target') return `http.${answer.service}.${answer.env}`;
  return `denied.${answer.status}.${answer.code}`;
}

/** Every service with every case is answered as the record says, once the program answers at all. */
export async function expectObedience(
  ask: (service: string, headers: Headers) => Promise<string>,
  said: () => string,
): Promise<void> {
  await eventually(async () => {
    const first = await ask('catalog', {}).catch((error: unknown) => `${String(error)}; it said: ${said()}`);
    expect(first).toBe('http.catalog.shop');
    return true;
  });
  for (const answer of answers)
    for (const headers of cases)
      expect(await ask(answer.service, headers), `${answer.service} ${JSON.stringify(headers)}`).toBe(
        wantedFor(answer, headers),
      );
}
