import type { Revision } from '@microstax/model/revision';
import type { PortProtocol, ServiceSpec } from '@microstax/model/service-spec';
import fc from 'fast-check';
import { aRevision, aService } from './blueprints.ts';
import { seededRandom } from './random.ts';

/** Small on purpose, so that levels often meet in one service; one name is also a member of every object. */
export const lineageServices = ['api', 'cart', 'constructor', 'db', 'pay', 'web'] as const;
export const lineageEnvironments = ['root', 'team', 'feature', 'deep'] as const;

/** A service with anything that difference and composition look at. */
export function services(name: string): fc.Arbitrary<ServiceSpec> {
  return fc
    .record({
      dependsOn: fc.uniqueArray(fc.constantFrom(...lineageServices), { maxLength: 3 }),
      asks: fc.constantFrom(undefined, undefined, undefined, '1.1', '2'),
      contract: fc.constantFrom(undefined, undefined, '1.0', '1.2', '2.0'),
      optional: fc.boolean(),
      fee: fc.constantFrom('1', '2'),
      cpuMillicores: fc.constantFrom(100, 200),
      protocol: fc.constantFrom<PortProtocol>('http', 'http', 'http', 'grpc'),
      sharing: fc.constantFrom<ServiceSpec['sharing']>('allow', 'allow', 'allow', 'deny', 'require'),
      runnable: fc.constantFrom(true, true, true, false),
      stateful: fc.constantFrom(false, false, true),
      tier: fc.constantFrom('gold', 'silver'),
    })
    .map((drawn) =>
      aService(name, {
        ...(drawn.runnable ? {} : { run: null }),
        env: { FEE_PERCENT: drawn.fee },
        ports: [{ name: 'http', containerPort: 8080, protocol: drawn.protocol }],
        resources: { cpuMillicores: drawn.cpuMillicores, memoryBytes: 1024, storageBytes: 0 },
        sharing: drawn.sharing,
        stateful: drawn.stateful,
        ...(drawn.contract === undefined ? {} : { contract: { version: drawn.contract } }),
        labels: { tier: drawn.tier },
        dependsOn: drawn.dependsOn.map((service) => ({
          service,
          required: !drawn.optional,
          ...(drawn.asks === undefined ? {} : { contract: drawn.asks }),
        })),
      }),
    );
}

/** Revisions of one lineage, root first: declarations, removals, mappings and pools over the same few services. */
export function lineages(depthMax: number = lineageEnvironments.length): fc.Arbitrary<Revision[]> {
  const level = fc.record({
    declares: fc.uniqueArray(fc.constantFrom(...lineageServices).chain(services), { selector: (spec) => spec.name }),
    removes: fc.uniqueArray(fc.constantFrom(...lineageServices), { maxLength: 2 }),
    maps: fc.dictionary(fc.constantFrom(...lineageServices), fc.constantFrom('outside', 'root'), { maxKeys: 1 }),
    pools: fc.subarray(['outside', 'pool']),
    residency: fc.constantFrom<Revision['residency'][]>(
      ...[undefined, undefined, undefined, { region: 'eu' }, { region: 'us' }, { allowed: ['eu'] }],
    ),
  });
  return fc.array(level, { minLength: 1, maxLength: depthMax }).map((levels) =>
    levels.map(({ declares, removes, maps, pools, residency }, depth) => {
      const parent = lineageEnvironments[depth - 1];
      const declared = new Set(declares.map((spec) => spec.name));
      return aRevision(lineageEnvironments[depth] as string, {
        ...(parent === undefined ? {} : { parent, removes: removes.filter((name) => !declared.has(name)) }),
        services: declares,
        routing: { providers: { ...maps }, pools },
        ...(residency === undefined ? {} : { residency }),
      });
    }),
  );
}

/** The same revision with everything that has no order in another order. */
export function disordered(revision: Revision, seed: number): Revision {
  const random = seededRandom(seed);
  const keys = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(random.shuffle(Object.entries(record)));
  return {
    ...revision,
    services: random.shuffle(revision.services),
    routing: {
      ...revision.routing,
      providers: keys(revision.routing.providers),
      pools: random.shuffle(revision.routing.pools),
    },
  };
}
