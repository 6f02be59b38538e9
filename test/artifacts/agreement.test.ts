import { digestOf } from '@microstax/model/digest';
import { RouteIndex } from '@microstax/model/route-index';
import type { RouteTable } from '@microstax/model/route-table';
import { compileRouting, routingPreface } from '@microstax/model/routing-artifacts/compile-routing';
import type { RouteFamily } from '@microstax/model/routing-artifacts/route-answers';
import { type RoutingFormat, routingFormats, writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { readContext } from '@microstax/propagate/context';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { route } from '../../apps/router/src/core/route.ts';
import { TableStore } from '../../apps/router/src/shell/table-store.ts';
import { knownTables } from '../../apps/router/src/testing/tables.ts';
import { aFamily, asTable, type Does, type FamilyDraft, headerName, poolTable } from './family.ts';
import * as reads from './interpret.ts';

const services = ['web', 'pay-2', 'db'];
const values = ['shop', 'team.1', 'Feat~x', 'other_y'];
const everyDoes: readonly Does[] = [
  'runs',
  'inherits',
  'inherits',
  'denies',
  'unaware',
  'maps',
  'maps to a number',
  'pools',
];
const does: fc.Arbitrary<Does> = fc.constantFrom(...everyDoes);
const doing = fc.record(Object.fromEntries(services.map((name) => [name, does])));
/** `feat` on `team` on the root `shop`, and `other` on `shop`. */
const drafts: fc.Arbitrary<FamilyDraft> = fc
  .tuple(fc.constantFrom('baseline' as const, 'deny' as const), fc.tuple(doing, doing, doing, doing))
  .map(([unknown, all]) => ({
    unknown,
    environments: ['shop', 'team', 'feat', 'other'].map((env, index) => ({
      env,
      parent: [null, 'shop', 'team', 'shop'][index] ?? null,
      value: values[index] ?? env,
      does: all[index] ?? {},
    })),
  }));
/** Known in every case of letters, unknown, and what can be no value. */
const sent = fc.constantFrom(...values, 'teamx1', 'feat~x', 'nobody', 'a b', 'x/y', '');
const header = fc.option(sent, { nil: undefined });
const requests = fc
  .record({ baggage: header, plain: header, tracestate: header, around: fc.boolean() })
  .map(({ baggage, plain, tracestate, around }): reads.Headers => {
    const member = (value: string) => (around ? `a=1;b, msx-env = ${value};p=2 ,my-msx-env=z` : `msx-env=${value}`);
    const state = (value: string) => (around ? `v=1, msx-env=${value},w=2` : `msx-env=${value}`);
    return {
      ...(baggage === undefined ? {} : { baggage: member(baggage) }),
      ...(plain === undefined ? {} : { [headerName.toLowerCase()]: plain }),
      ...(tracestate === undefined ? {} : { tracestate: state(tracestate) }),
    };
  });

function textOf(format: RoutingFormat, family: RouteFamily): string {
  return writeRouting(format, compileRouting(format, family), routingPreface(format, headerName));
}

test('every format answers every request as the router does', () => {
  fc.assert(
    fc.property(drafts, requests, (draft, headers) => {
      const family = aFamily(draft);
      const tables = family.map(asTable);
      const all = [...tables, poolTable(services)];
      const text = new Map<string, string>();
      for (const listener of family) {
        const { env, records } = listener.resolution;
        const written = (format: RoutingFormat): string => {
          const key = `${env} ${format}`;
          if (!text.has(key)) text.set(key, textOf(format, { listener, others: family }));
          return text.get(key) ?? '';
        };
        for (const { service } of records) {
          const full = byRouter(all, env, service, headers);
          const variable = `msx_to_${service.replaceAll('-', '_')}__http`;
          expect(reads.nginx(written('nginx'), variable, headers), `nginx ${env} ${service}`).toBe(full);
          expect(reads.haproxy(written('haproxy'), `${service}.http`, headers), 'haproxy').toBe(full);
          expect(reads.envoy(JSON.parse(written('envoy')), `${env}.${service}.http`, headers), 'envoy').toBe(full);
          expect(reads.registry(JSON.parse(written('registry')), env, service, headers), 'registry').toBe(full);

          const plain = headers[headerName.toLowerCase()];
          const carried = plain ? { [headerName.toLowerCase()]: plain } : {};
          const byHeader = byRouter(all, env, service, carried, 'the Service that stands for an address');
          const gateway = (format: 'gateway' | 'gateway-consumer', name: string) =>
            reads.gateway(JSON.parse(written(format)), name, headers);
          expect(gateway('gateway', `${service}-http`), 'gateway').toBe(withoutCode(byHeader));
          expect(gateway('gateway-consumer', `${service}-http-consumer`), 'consumer').toBe(withoutCode(byHeader));

          const own = byRouter(all, env, service, {});
          expect(reads.kubernetes(JSON.parse(written('kubernetes')), env, service), 'kubernetes').toBe(own);
          expect(reads.coredns(written('coredns'), env, service), 'coredns').toBe(
            withoutCode(own).replace(/:\d+$/, ''),
          );
        }
      }
      expect(byRouterArtifacts(family, tables)).toEqual(tables);
    }),
    { numRuns: 150 },
  );
});

const envs = ['shop', 'team', 'feat', 'other', 'tools'];

test('the index of the hot path answers every request as the router does that has the same tables', () => {
  fc.assert(
    fc.property(
      drafts,
      requests,
      fc.subarray(envs),
      fc.subarray(envs, { maxLength: 1 }),
      (draft, headers, known, gone) => {
        const all = [...aFamily(draft).map(asTable), poolTable(services)].filter(({ env }) => known.includes(env));
        const index = new RouteIndex();
        const store = new TableStore();
        for (const [revision, table] of all.entries()) {
          index.put(table);
          store.put(table, revision + 1);
          if (!gone.includes(table.env)) continue;
          index.put({ ...table, expired: true });
          store.put({ ...table, expired: true }, revision + 1);
        }
        const context = readContext(headers, { headerName }).env;
        for (const env of ['shop', 'team', 'feat', 'other', 'tools', 'nobody'])
          for (const service of [...services, 'nothing']) {
            const routed = route({ env, service, port: 'http', context }, store);
            const found = index.find({ env, context, service });
            if (routed.kind === 'denied') {
              expect(found).toMatchObject({ kind: 'denied', status: routed.status, code: routed.code });
              continue;
            }
            expect(found).toMatchObject({ kind: 'target', for: routed.for, tier: routed.tier });
            const target = found.kind === 'target' ? found.target : null;
            if (routed.authority === undefined) expect(target).toEqual(routed.target);
            else expect(target).toMatchObject({ external: { port: routed.endpoints[0]?.targetPort } });
            expect(index.find({ env, context, service })).toBe(found); // from memory
          }
      },
    ),
    { numRuns: 300 },
  );
});

/** The tables that the router would have if its records were read from the artifacts. */
function byRouterArtifacts(family: ReturnType<typeof aFamily>, tables: readonly RouteTable[]): RouteTable[] {
  return family.map((listener, index) => {
    const written = JSON.parse(textOf('router', { listener, others: [] })) as RouteTable['records'];
    const table = tables[index] as RouteTable;
    const records = table.records.map((record, at) => ({ ...record, ...written[at] }));
    expect(written.length).toBe(records.length);
    return { ...table, records };
  });
}

function byRouter(
  tables: readonly RouteTable[],
  env: string,
  service: string,
  headers: reads.Headers,
  address: 'the address' | 'the Service that stands for an address' = 'the address',
): reads.Said {
  const context = readContext(headers, { headerName }).env;
  const routed = route({ env, service, port: 'http', context }, knownTables(...tables));
  if (routed.kind === 'denied') return reads.refused(routed.code);
  if (routed.authority !== undefined && address === 'the address') return routed.authority;
  return reads.said(routed.target.env, routed.target.service);
}

function withoutCode(answer: reads.Said): reads.Said {
  return answer.startsWith('denied ') ? 'denied' : answer;
}

test.each(routingFormats)('of 50 services one changes, and 49 artifacts of %s keep their bytes', (format) => {
  const names = Array.from({ length: 50 }, (_, index) => `svc-${String(index).padStart(2, '0')}`);
  const build = (changed: Does) => {
    const all = (feat: Does): Record<string, Does> => Object.fromEntries(names.map((name) => [name, feat]));
    const [shop, feat] = aFamily({
      unknown: 'baseline',
      environments: [
        { env: 'shop', parent: null, value: 'shop', does: all('runs') },
        { env: 'feat', parent: 'shop', value: 'feat', does: { ...all('inherits'), 'svc-17': changed } },
      ],
    });
    if (shop === undefined || feat === undefined) throw new Error('a family has its environments');
    return compileRouting(format, { listener: feat, others: [shop] });
  };
  const before = build('inherits');
  const after = build('runs');
  const changed = before.filter(({ digest }, index) => after[index]?.digest !== digest);
  expect(before.length).toBe(50);
  expect(changed.map(({ service }) => service)).toEqual(['svc-17']);
  expect(digestOf('routing-artifact', before[3]?.content)).toBe(before[3]?.digest);
});
