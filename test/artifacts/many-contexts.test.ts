import type { Json } from '@microstax/model/canonical-json';
import { compileRouting } from '@microstax/model/routing-artifacts/compile-routing';
import { hasTooManyRules } from '@microstax/model/routing-artifacts/gateway';
import { expect, test } from 'vitest';
import { aFamily } from './family.ts';

type Route = {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly hostnames: readonly string[]; readonly rules: readonly { readonly matches: object[] }[] };
};

/** A root, overlays that run their own pay, and as many that inherit it. */
function routesOf(overlays: number, unknown: 'baseline' | 'deny', inheriting = 0): readonly Route[] {
  const overlay = (env: string, does: 'runs' | 'inherits') => ({
    env,
    parent: 'shop',
    value: env,
    does: { pay: does },
  });
  const [listener, ...others] = aFamily({
    unknown,
    environments: [
      { env: 'shop', parent: null, value: 'shop', does: { pay: 'runs' } },
      ...Array.from({ length: overlays }, (_, index) => overlay(`feat-${index}`, 'runs')),
      ...Array.from({ length: inheriting }, (_, index) => overlay(`calm-${index}`, 'inherits')),
    ],
  });
  if (listener === undefined) throw new Error('a family has its root');
  return compileRouting('gateway', { listener, others }).flatMap(({ content }) =>
    content.kind === 'objects' ? (content.objects as unknown as Route[]) : [],
  );
}

test.each([
  [14, 0],
  [15, 0],
  [40, 0],
  [3, 200],
  [40, 200],
])(
  '%i overlays with an answer of their own and %i without one fit into routes that the API takes',
  (overlays, calm) => {
    const routes = routesOf(overlays, 'baseline', calm);
    expect(routes.filter((route) => hasTooManyRules(route as unknown as Json))).toEqual([]);
    expect(new Set(routes.map(({ spec }) => spec.hostnames.join())).size).toBe(1);
    expect(new Set(routes.map(({ metadata }) => metadata.name)).size).toBe(routes.length);
    const values = routes.flatMap(({ spec }) => spec.rules.flatMap(({ matches }) => matches));
    expect(values.filter((match) => 'headers' in match)).toHaveLength(1 + overlays + calm);
    const all = routes.map(
      ({ spec }) => spec.rules.filter(({ matches }) => matches.some((one) => 'path' in one)).length,
    );
    expect(all).toEqual(routes.map((_, at) => (at === 0 ? 1 : 0)));
  },
);

test('where an unknown value is denied, routes are not split, and too many rules are told', () => {
  expect(routesOf(13, 'deny').map((route) => hasTooManyRules(route as unknown as Json))).toEqual([false]);
  expect(routesOf(14, 'deny').map((route) => hasTooManyRules(route as unknown as Json))).toEqual([true]);
});
