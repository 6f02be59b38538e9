import type { Revision } from '@microstax/model/revision';
import { runDigest, type ServiceSpec } from '@microstax/model/service-spec';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { route, type Tables } from '../../apps/router/src/core/route.ts';
import { knownTables } from '../../apps/router/src/testing/tables.ts';
import { type Decided, decideFamily } from './family.ts';

/**
 * Requests are sent through what graph, planner, resolver and router decided together, and each has to end where the
 * declarations alone say. The simulation below reads Blueprints, never a plan; it knows neither l nor m.
 */

const slowMs = 120_000;
const numRuns = process.env.MSX_ORACLE === 'long' ? 6_000 : 300;

const names = ['s0', 's1', 's2', 's3', 's4', 's5'] as const;
const ports = [
  { name: 'grpc', containerPort: 9090, protocol: 'grpc' },
  { name: 'http', containerPort: 8080, protocol: 'http' },
] as const;

type Call = { from: number; to: number; protocol: 'http' | 'grpc'; propagates: boolean };
type Level = { changes: number[]; removes: number[] };

const calls = fc.array(
  fc.record({
    from: fc.nat(5),
    to: fc.nat(5),
    protocol: fc.constantFrom('http' as const, 'http' as const, 'http' as const, 'grpc' as const),
    propagates: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  }),
  { minLength: 3, maxLength: 12 },
);
const level: fc.Arbitrary<Level> = fc.record({
  changes: fc.uniqueArray(fc.nat(5), { maxLength: 2 }),
  removes: fc.nat(29).map((at) => (at < names.length ? [at] : [])),
});
const cases = fc.record({
  calls,
  exposed: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 2 }),
  levels: fc.tuple(level, level, level),
});

/** `shop`, `team` on it, `feat` on that, and `other` on `shop`. */
function revisionsOf({
  calls: drawn,
  exposed,
  levels: [team, feat, other],
}: {
  calls: Call[];
  exposed: number[];
  levels: [Level, Level, Level];
}): Revision[] {
  const base = names.map((name, at) =>
    aService(name, {
      ports,
      expose: exposed.includes(at),
      dependsOn: drawn
        .filter(({ from, to }) => from === at && to !== at)
        .map(({ to, protocol, propagates }) => ({
          service: `s${to}`,
          port: protocol,
          protocol,
          propagates,
          required: false,
        })),
    }),
  );
  const overlay = (env: string, parent: string, { changes, removes }: Level): Revision => {
    const services = changes.map((at) => ({ ...(base[at] as ServiceSpec), env: { CHANGED_IN: env } }));
    return aRevision(env, {
      parent,
      services,
      removes: removes.filter((at) => !changes.includes(at)).map((at) => `s${at}`),
    });
  };
  return [
    aRevision('shop', { services: base }),
    overlay('team', 'shop', team),
    // What the team took away is another service where it is declared anew.
    overlay('feat', 'team', { ...feat, changes: feat.changes.filter((at) => !team.removes.includes(at)) }),
    overlay('other', 'shop', other),
  ];
}

/** What an environment declares a service to be, its own words first; null where that is taken away. */
function declaredIn(env: string, service: string, revisions: readonly Revision[]): ServiceSpec | null {
  for (let at: string | undefined = env; at !== undefined; ) {
    const revision = revisions.find((one) => one.env === at);
    const declaration = revision?.services.find(({ name }) => name === service);
    if (declaration?.kind === 'remove') return null;
    if (declaration?.kind === 'run') return declaration.spec;
    at = revision?.parent?.env;
  }
  return null;
}

/** A request where it has arrived: at whose instance, and with which context. */
type Arrival = { readonly env: string; readonly service: string; readonly context: string | undefined };

type Sent = { readonly hops: number; readonly wrong: readonly string[] };

/** Sends a request of an environment in at an entry and on along every dependency, as often as it arrives anew. */
function send(origin: Decided, entry: string, listener: string, context: string | undefined, world: World): Sent {
  const wrong: string[] = [];
  const seen = new Set<string>();
  const open: Arrival[] = [];
  let hops = 0;
  const arrive = (from: string, to: string, port: string, given: string | undefined, listenerEnv: string): void => {
    hops += 1;
    const told = world.routed.includes(port); // another protocol has the one target of its listener
    const routed = route({ env: listenerEnv, service: to, port, context: told ? given : undefined }, world.tables);
    const wanted = declaredIn(origin.env, to, world.revisions);
    if (routed.kind === 'denied') {
      if (wanted !== null) wrong.push(`${origin.env}: ${from} → ${to} is denied: ${routed.reason}`);
      return;
    }
    const { env, service } = routed.target;
    const running = world.decided.get(env)?.plan.specs[service];
    if (wanted === null || running === undefined || runDigest(running) !== runDigest(wanted)) {
      wrong.push(`${origin.env}: ${from} → ${to} over ${port} from ${listenerEnv} with ${given} ends at ${env}`);
      return;
    }
    const carried = told ? (routed.stamp?.value ?? given) : given;
    const key = `${env} ${service} ${carried}`;
    if (seen.has(key)) return;
    seen.add(key);
    open.push({ env, service, context: carried });
  };
  arrive('a user', entry, 'http', context, listener);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { service, port, propagates } of world.decided.get(at.env)?.plan.specs[at.service]?.dependsOn ?? [])
      arrive(at.service, service, port ?? 'http', propagates ? at.context : undefined, at.env);
  }
  return { hops, wrong };
}

type World = {
  /** Protocols over which the router tells requests apart; ports are called like them. */
  readonly routed: readonly string[];
  readonly revisions: readonly Revision[];
  readonly decided: ReadonlyMap<string, Decided>;
  readonly tables: Tables;
};

/** Sends requests of all environments in at every entry: by their context, and by their own listener. */
function sendAll(revisions: readonly Revision[], family: readonly Decided[], routed: readonly string[]): Sent {
  const world: World = {
    routed,
    revisions,
    decided: new Map(family.map((one) => [one.env, one])),
    tables: knownTables(...family.map(({ table }) => table)),
  };
  const root = family[0]?.env ?? '';
  const sent = family.flatMap((origin) =>
    origin.composition.services
      .filter(({ spec, removed }) => spec.expose && !removed)
      .flatMap(({ name }) => [
        send(origin, name, root, origin.env === root ? undefined : origin.env, world),
        send(origin, name, origin.env, undefined, world),
      ]),
  );
  return {
    hops: sent.reduce((sum, { hops }) => sum + hops, 0),
    wrong: sent.flatMap(({ wrong }) => wrong),
  };
}

const routers = [['http'], ['http', 'grpc']] as const;

test.each(routers.map((routed) => ({ routed })))(
  'every request ends at what its environment declares, where the router tells $routed apart',
  { timeout: slowMs },
  ({ routed }) => {
    const seen = { hops: 0, inherited: 0, forced: 0 };
    fc.assert(
      fc.property(cases, (drawn) => {
        const revisions = revisionsOf(drawn);
        const family = decideFamily(revisions, { routed });
        const { hops, wrong } = sendAll(revisions, family, routed);
        expect(wrong).toEqual([]);
        seen.hops += hops;
        const placements = family.flatMap(({ plan }) => plan.placements);
        seen.inherited += placements.filter(({ kind }) => kind === 'inherited').length;
        seen.forced += placements.filter(({ reasons }) => reasons[0]?.code === 'context-must-pass').length;
      }),
      { numRuns, seed: 54 },
    );
    expect(seen.hops).toBeGreaterThan(1_000);
    expect(seen.inherited).toBeGreaterThan(1_000);
    expect(seen.forced).toBeGreaterThan(20);
  },
);

test('requests go wrong where a router cannot do what the plan was told it can', { timeout: slowMs }, () => {
  const misled = fc.sample(cases, { numRuns: 200, seed: 56 }).filter((drawn) => {
    const revisions = revisionsOf(drawn);
    const family = decideFamily(revisions, { routed: ['http', 'grpc'] });
    return sendAll(revisions, family, ['http']).wrong.length > 0;
  });
  expect(misled.length).toBeGreaterThan(10);
});

test('bridges lead up the lineage only, so that none leads back', { timeout: slowMs }, () => {
  let bridges = 0;
  fc.assert(
    fc.property(cases, (drawn) => {
      const family = decideFamily(revisionsOf(drawn));
      const ancestors = new Map(family.map(({ env, composition }) => [env, composition.ancestors]));
      for (const { env, plan } of family)
        for (const { provider } of plan.placements) {
          if (provider === undefined) continue;
          bridges += 1;
          expect(ancestors.get(env)).toContain(provider.env);
        }
    }),
    { numRuns, seed: 55 },
  );
  expect(bridges).toBeGreaterThan(1_000);
});

test('the context travels through who passes it on, and whoever drops it runs here, with the reason', () => {
  const chain = (propagates: boolean) =>
    aRevision('shop', {
      services: [
        aService('entry', { ports, expose: true, dependsOn: ['a'] }),
        aService('a', { ports, dependsOn: [{ service: 'b', propagates }] }),
        aService('b', { ports, dependsOn: ['v'] }),
        aService('v', { ports }),
      ],
    });
  const feat = aRevision('feat', { parent: 'shop', services: [aService('v', { ports, env: { FEE: '5' } })] });
  const localOf = (revisions: readonly Revision[]) =>
    decideFamily(revisions)
      .at(-1)
      ?.plan.placements.filter(({ kind }) => kind === 'local')
      .map(({ service, reasons }) => [service, reasons[0]?.code, reasons[0]?.text]);
  expect(localOf([chain(true), feat])?.map(([service]) => service)).toEqual(['v']);
  expect(localOf([chain(false), feat])).toEqual([
    ['a', 'context-must-pass', expect.stringContaining('a calls b over http')],
    ['v', 'declared-change', expect.anything()],
  ]);
});
