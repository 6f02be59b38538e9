import { sealArtifact } from '@microstax/model/artifact';
import type { Candidate, ComposedService, Composition } from '@microstax/model/composition';
import type { Difference, ServiceDifference } from '@microstax/model/difference';
import type { Facts, PriceTable } from '@microstax/model/facts';
import { type DependencySpec, type ServiceSpec, specDigest } from '@microstax/model/service-spec';
import { aService } from '@microstax/testkit/blueprints';
import fc from 'fast-check';

type Shape = {
  readonly state: ServiceDifference['state'];
  readonly remote: 'none' | 'root' | 'middle' | 'mapped';
  readonly sharing: ServiceSpec['sharing'];
  readonly runnable: boolean;
  readonly expose: boolean;
  readonly cpuMillicores: number;
  readonly redeclares: boolean;
};

type EdgeShape = Pick<DependencySpec, 'kind' | 'protocol' | 'propagates' | 'required'> & {
  readonly from: number;
  readonly to: number;
};

export type RandomCase = {
  readonly composition: Composition;
  readonly difference: Difference;
  readonly facts: Facts;
};

const shapes: fc.Arbitrary<Shape> = fc.record({
  state: fc.oneof(
    { weight: 5, arbitrary: fc.constant('unchanged' as const) },
    { weight: 2, arbitrary: fc.constantFrom('changed' as const, 'added' as const, 'removed' as const) },
  ),
  remote: fc.oneof(
    { weight: 6, arbitrary: fc.constant('root' as const) },
    { weight: 1, arbitrary: fc.constantFrom('none' as const, 'middle' as const, 'mapped' as const) },
  ),
  sharing: fc.oneof(
    { weight: 8, arbitrary: fc.constant('allow' as const) },
    { weight: 1, arbitrary: fc.constantFrom('deny' as const, 'require' as const) },
  ),
  runnable: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  expose: fc.oneof({ weight: 1, arbitrary: fc.constant(true) }, { weight: 5, arbitrary: fc.constant(false) }),
  cpuMillicores: fc.constantFrom(0, 1, 2, 4, 6, 9),
  redeclares: fc.oneof({ weight: 1, arbitrary: fc.constant(true) }, { weight: 5, arbitrary: fc.constant(false) }),
});

/** Prices of like size, so that every kind of pair decides now and then. */
const prices: fc.Arbitrary<PriceTable> = fc.record({
  cpuCoreHourMicros: fc.constant(1_000),
  memoryGiBHourMicros: fc.constant(0),
  storageGiBHourMicros: fc.constant(0),
  instanceHourMicros: fc.nat(2),
  bridgeHourMicros: fc.nat(6),
  routeHourMicros: fc.nat(5),
  sharedWriteHourMicros: fc.nat(12),
  startMicros: fc.nat(3),
  source: fc.constant('test'),
});

const edgeShapes = (services: number): fc.Arbitrary<EdgeShape> =>
  fc.record({
    from: fc.nat(services - 1),
    to: fc.nat(services - 1),
    kind: fc.oneof(
      { weight: 5, arbitrary: fc.constant('calls' as const) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          'publishes' as const,
          'consumes' as const,
          'writes' as const,
          'writes' as const,
          'reads' as const,
        ),
      },
    ),
    protocol: fc.constantFrom('http', 'http', 'http', 'http', 'grpc', 'tcp', 'tcp', 'udp'),
    propagates: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    required: fc.boolean(),
  });

/** Compositions of an overlay `own` on `middle` on `root`, with every kind of service, dependency and provider. */
export function compositions(servicesMax: number): fc.Arbitrary<RandomCase> {
  return fc
    .integer({ min: 1, max: servicesMax })
    .chain((count) =>
      fc.tuple(
        fc.array(shapes, { minLength: count, maxLength: count }),
        fc.array(edgeShapes(count), { maxLength: 2 * count }),
        prices,
      ),
    )
    .map(([services, edges, table]) => randomCase(services, edges, table));
}

function randomCase(shapesOfAll: readonly Shape[], edges: readonly EdgeShape[], table: PriceTable): RandomCase {
  const name = (index: number): string => `s${index}`;
  const services = shapesOfAll.map((shape, index): ComposedService => {
    const dependsOn = edges
      .filter(({ from, to }) => from === index && to !== index)
      .map(({ to, kind, protocol, propagates, required }) => ({
        service: name(to),
        kind,
        protocol,
        propagates,
        required,
      }));
    const { expose, sharing, runnable, cpuMillicores } = shape;
    const resources = { cpuMillicores, memoryBytes: 0, storageBytes: 0 };
    const spec = aService(name(index), { expose, sharing, resources, dependsOn, ...(runnable ? {} : { run: null }) });
    const remote = remoteOf(shape, name(index), spec);
    return {
      name: name(index),
      identity: `svc-${index}`,
      owner: shape.state === 'unchanged' ? (remote?.env ?? 'root') : 'own',
      removed: shape.state === 'removed',
      spec,
      specDigest: specDigest(spec),
      candidates: remote === null ? [] : [remote],
      remote,
    };
  });
  const derivation = sealArtifact('derivation', {}).digest;
  const composition: Composition = {
    env: 'own',
    mode: 'overlay',
    root: 'root',
    ancestors: ['middle', 'root'],
    rootRouting: { headerName: 'x-msx-env', unknown: 'baseline' },
    derivation,
    services,
  };
  const differences = shapesOfAll.map(({ state, redeclares }, index): ServiceDifference => {
    const changed = redeclares ? edges.filter(({ from, to }) => from === index && to !== index) : [];
    const pointers = ['/env/A', ...new Set(changed.map(({ to }) => `/dependsOn/${name(to)}`))];
    const change = { class: 'behaviour', before: '1', after: '2' } as const;
    const changes = state === 'changed' ? pointers.map((pointer) => ({ pointer, ...change })) : [];
    const declared = state !== 'unchanged';
    return { service: name(index), identity: `svc-${index}`, state, declared, changes, reason: state };
  });
  const facts = { prices: table, siblings: [], expectedHours: 2 };
  return { composition, difference: { env: 'own', parent: 'middle', derivation, services: differences }, facts };
}

function remoteOf({ remote, sharing, state }: Shape, service: string, spec: ServiceSpec): Candidate | null {
  if (remote === 'none' || sharing === 'deny' || state === 'added' || state === 'removed') return null;
  const found = { service, specDigest: specDigest(spec), eligible: true, reason: `declares ${service}` };
  if (remote === 'root') return { ...found, env: 'root', tier: 'baseline' };
  if (remote === 'middle') return { ...found, env: 'middle', tier: 'inherited ancestor' };
  return { ...found, env: 'elsewhere', tier: 'explicit provider mapping' };
}
