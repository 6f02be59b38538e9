import type { RouteTable } from '@microstax/model/route-table';
import { given } from '@microstax/testkit/given';
import { describe, expect, test } from 'vitest';
import { aTable, knownTables } from '../testing/tables.ts';
import { route, type Tables } from './route.ts';

// shop ← team ← feature: team changed pay, feature changed cart.
const shop = aTable('shop', {
  records: { web: 'shop', cart: 'shop', pay: 'shop', mail: { denied: 'no-provider' } },
  running: { web: [1], cart: [2], pay: [3, 4] },
});
const team = aTable('team', {
  root: 'shop',
  records: { web: 'shop', cart: 'shop', pay: 'team' },
  running: { pay: [5] },
});
const feature = aTable('feature', {
  root: 'shop',
  parent: 'team',
  records: { web: 'shop', cart: 'feature', pay: 'team' },
  running: { cart: [6] },
});
const lineage = knownTables(shop, team, feature);

const at = (env: string, service: string, context?: string) => (tables: Tables) =>
  route({ env, service, port: 'http', context }, tables);
const ports = (tables: Tables, env: string, service: string, context?: string): number[] => {
  const routed = at(env, service, context)(tables);
  return routed.kind === 'endpoint' ? routed.endpoints.map(({ targetPort }) => targetPort) : [];
};

describe('route() without a context', () => {
  test("answers by the listener's environment, and leaves a root's request without a stamp", () => {
    given(lineage)
      .when(at('shop', 'pay'))
      .then({
        kind: 'endpoint',
        for: 'shop',
        stamp: null,
        target: { env: 'shop', service: 'pay' },
        tier: 'local overlay',
        endpoints: shop.endpoints.filter(({ service }) => service === 'pay'),
        reason: 'local overlay; no context, listener of shop',
      });
  });

  test("stamps an overlay's request with the overlay's context, also where the target is inherited", () => {
    given(lineage)
      .when(at('feature', 'web'))
      .thenMatches({
        for: 'feature',
        stamp: { value: 'feature', headerName: 'x-msx-env' },
        target: { env: 'shop', service: 'web' },
        tier: 'baseline',
        reason: 'baseline; no context, listener of feature',
      });
  });

  test("stamps with the overlay's own value and the baseline's header", () => {
    const named = aTable('team', { root: 'shop', context: { value: 'overlay-7', headerName: 'x-shop' } });
    given(knownTables(shop, named))
      .when(at('team', 'web'))
      .thenMatches({ stamp: { value: 'overlay-7', headerName: 'x-shop' } });
  });
});

describe('route() with a context', () => {
  test('goes to what is local there', () => {
    given(lineage)
      .when(at('shop', 'cart', 'feature'))
      .thenMatches({
        for: 'feature',
        stamp: { value: 'feature', headerName: 'x-msx-env' },
        target: { env: 'feature', service: 'cart' },
        tier: 'local overlay',
        reason: 'local overlay; context feature',
      });
  });

  test('follows a record to an ancestor in the middle of the lineage', () => {
    given(lineage)
      .when(at('shop', 'pay', 'feature'))
      .thenMatches({ for: 'feature', target: { env: 'team', service: 'pay' }, tier: 'inherited ancestor' });
    expect(ports(lineage, 'shop', 'pay', 'feature')).toEqual([5]);
  });

  test("counts for more than the listener, also at a sibling's", () => {
    expect(ports(lineage, 'team', 'cart', 'feature')).toEqual([6]);
    given(lineage)
      .when(at('team', 'pay', 'shop'))
      .thenMatches({ for: 'shop', stamp: { value: 'shop', headerName: 'x-msx-env' } });
    expect(ports(lineage, 'team', 'pay', 'shop')).toEqual([3, 4]);
  });

  test('selects an environment of this root only', () => {
    const other = aTable('other', { records: { web: 'other' }, running: { web: [9] } });
    given(knownTables(shop, other))
      .when(at('shop', 'web', 'other'))
      .thenMatches({ for: 'shop', stamp: null, reason: 'local overlay; unknown context, baseline shop answers' });
  });
});

describe('route() follows records that point onwards', () => {
  test('a provider that has become inherited itself is followed to its own', () => {
    const moved = aTable('team', { root: 'shop', records: { pay: 'shop' } });
    const tables = knownTables(shop, moved, feature);
    given(tables)
      .when(at('feature', 'pay'))
      .thenMatches({ target: { env: 'shop', service: 'pay' }, tier: 'inherited ancestor' });
    expect(ports(tables, 'feature', 'pay')).toEqual([3, 4]);
  });

  test('a provider that has been restarted elsewhere makes no table stale', () => {
    const restarted = aTable('team', { root: 'shop', records: { pay: 'team' }, running: { pay: [55] } });
    expect(ports(knownTables(shop, restarted, feature), 'shop', 'pay', 'feature')).toEqual([55]);
  });

  test('an explicit mapping and a pool keep their tier', () => {
    const record = (tier: 'explicit provider mapping' | 'shared provider pool'): RouteTable['records'][number] => ({
      service: 'pay',
      tier,
      target: { env: 'pool', service: 'payments' },
      ports: [],
    });
    const pool = aTable('pool', { records: { payments: 'pool' }, running: { payments: [7] } });
    for (const tier of ['explicit provider mapping', 'shared provider pool'] as const) {
      given(knownTables(shop, pool, aTable('team', { root: 'shop', records: { pay: record(tier) } })))
        .when(at('team', 'pay'))
        .thenMatches({
          target: { env: 'pool', service: 'payments' },
          tier,
          reason: `${tier}; no context, listener of team`,
        });
    }
  });

  test('a circle ends', () => {
    const a = aTable('a', { root: 'shop', records: { pay: 'b' } });
    const b = aTable('b', { root: 'shop', records: { pay: 'a' } });
    given(knownTables(shop, a, b))
      .when(at('a', 'pay'))
      .thenMatches({ kind: 'denied', status: 503, code: 'circle' });
    const mine = aTable('a', { root: 'shop', parent: 'a' });
    given(knownTables(shop, mine)).when(at('a', 'pay')).thenMatches({ kind: 'denied', code: 'circle' });
  });
});

describe('route() looks a service missing from a table up in the parent', () => {
  const empty = aTable('feature', { root: 'shop', parent: 'team' });

  test('and says how it is seen from below', () => {
    given(knownTables(shop, team, empty))
      .when(at('feature', 'pay'))
      .thenMatches({
        for: 'feature',
        stamp: { value: 'feature', headerName: 'x-msx-env' },
        target: { env: 'team', service: 'pay' },
        tier: 'inherited ancestor',
      });
    given(knownTables(shop, aTable('team', { root: 'shop' }), empty))
      .when(at('feature', 'pay'))
      .thenMatches({ target: { env: 'shop', service: 'pay' }, tier: 'baseline' });
  });

  test('up to the root, which denies it', () => {
    given(lineage).when(at('feature', 'nobody')).then({
      kind: 'denied',
      status: 404,
      code: 'no-record',
      reason: 'nobody in the lineage of "feature" knows service "nobody"',
    });
  });

  test('but a denial is a record, not a missing one', () => {
    const removed = aTable('team', { root: 'shop', records: { pay: { denied: 'removed' } } });
    given(knownTables(shop, removed, empty))
      .when(at('feature', 'pay'))
      .thenMatches({ kind: 'denied', code: 'removed' });
  });
});

describe('route() denies', () => {
  for (const code of ['removed', 'not-wanted', 'no-provider']) {
    test(`what its record denies, with code ${code}`, () => {
      given(knownTables(shop, aTable('team', { root: 'shop', records: { pay: { denied: code } } })))
        .when(at('shop', 'pay', 'team'))
        .then({
          kind: 'denied',
          status: 403,
          code,
          reason: `service "pay" is denied in environment "team": ${code}`,
        });
    });
  }

  test('where there is no table', () => {
    given(lineage).when(at('gone', 'web')).thenMatches({ kind: 'denied', status: 503, code: 'no-table' });
    const orphan = aTable('orphan', { root: 'shop', records: { web: 'gone' } });
    given(knownTables(shop, orphan)).when(at('orphan', 'web')).thenMatches({ kind: 'denied', code: 'no-table' });
  });

  test('where nothing runs, and where it has no such port', () => {
    const down = aTable('shop', { records: { web: 'shop' } });
    given(knownTables(down)).when(at('shop', 'web')).thenMatches({ kind: 'denied', status: 503, code: 'no-endpoint' });
    given(lineage)
      .when((tables) => route({ env: 'shop', service: 'web', port: 'admin', context: undefined }, tables))
      .thenMatches({ kind: 'denied', code: 'no-endpoint' });
  });
});

describe('route() with an unknown context', () => {
  test('goes to the baseline without a stamp, also at a listener of an overlay', () => {
    given(lineage)
      .when(at('feature', 'cart', 'expired'))
      .thenMatches({
        for: 'shop',
        stamp: null,
        target: { env: 'shop', service: 'cart' },
        reason: 'local overlay; unknown context, baseline shop answers',
      });
  });

  test('says whether it is expired: the value of an environment that is deleted', () => {
    const gone = aTable('gone', { root: 'shop' });
    given(knownTables(shop, { ...gone, expired: true }))
      .when(at('shop', 'web', 'gone'))
      .thenMatches({ for: 'shop', stamp: null, reason: 'local overlay; expired context, baseline shop answers' });
    const strict = aTable('shop', { context: { unknown: 'deny' }, records: { web: 'shop' }, running: { web: [1] } });
    given(knownTables(strict, { ...gone, expired: true }))
      .when(at('shop', 'web', 'gone'))
      .thenMatches({ kind: 'denied', status: 404, code: 'expired-context' });
  });

  test("is denied where the root's policy says so, whatever the overlay's table says", () => {
    const strict = aTable('shop', { context: { unknown: 'deny' }, records: { web: 'shop' }, running: { web: [1] } });
    given(knownTables(strict, team))
      .when(at('team', 'web', 'expired'))
      .then({
        kind: 'denied',
        status: 404,
        code: 'unknown-context',
        reason: 'context "expired" selects no environment under "shop"',
      });
  });
});
