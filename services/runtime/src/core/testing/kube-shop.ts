import type { Composition } from '@microstax/model/composition';
import type { DependencySpec, ServiceSpec } from '@microstax/model/service-spec';
import { specDigest } from '@microstax/model/service-spec';
import { instanceId, workloadJobs } from '../instances.ts';
import type { Naming } from '../kubernetes/name-objects.ts';
import { aPlan, aResolution, aSpec } from './plans.ts';

const nothing = `sha256:${'0'.repeat(64)}` as const;

/** A service of an image; only for tests. */
export function anImage(name: string, draft: Partial<ServiceSpec> = {}): ServiceSpec {
  const { run: _, ...spec } = aSpec(name, { image: `docker.io/shop/${name}:1`, ...draft });
  return {
    ...spec,
    resources: { cpuMillicores: 100, memoryBytes: 128 * 1_024 ** 2, storageBytes: 0, ...draft.resources },
  };
}

export function calls(service: string): DependencySpec {
  return { service, kind: 'calls', port: 'http', protocol: 'http', propagates: true, required: true };
}

/** What an environment runs and inherits, as the driver is told it. */
export function aNaming(draft: {
  readonly env: string;
  readonly local: readonly ServiceSpec[];
  readonly inherited?: { readonly from: string; readonly specs: readonly ServiceSpec[] };
  readonly denied?: readonly string[];
}): Naming {
  const { env, local, inherited, denied = [] } = draft;
  const plan = aPlan(env, local);
  const resolution = aResolution(plan);
  const remote = (inherited?.specs ?? []).map((spec) => ({
    env,
    service: spec.name,
    identity: `svc-${spec.name}`,
    tier: 'baseline' as const,
    target: { env: inherited?.from ?? env, service: spec.name },
    ports: spec.ports.map(({ name, protocol }) => ({ name, protocol })),
    tried: [],
  }));
  const none = denied.map((service) => ({
    ...{ env, service, identity: `svc-${service}`, tier: 'denied' as const, target: null, code: 'removed' },
    ports: [],
    tried: [],
  }));
  const services = [...local, ...(inherited?.specs ?? [])].map((spec) => ({
    ...{
      name: spec.name,
      identity: `svc-${spec.name}`,
      owner: env,
      removed: false,
      spec,
      specDigest: specDigest(spec),
    },
    candidates: [],
    remote: null,
  }));
  const composition: Composition = {
    ...{ env, mode: 'overlay', root: inherited?.from ?? env, ancestors: inherited ? [inherited.from] : [] },
    rootRouting: { headerName: 'x-msx-env', unknown: 'baseline' },
    derivation: nothing,
    services,
  };
  return {
    place: { org: 'default', env, namespace: env },
    plan,
    resolution: { ...resolution, records: [...resolution.records, ...remote, ...none] },
    composition,
    wanted: new Map(workloadJobs(plan).map((job) => [job.service, instanceId(job, 1)])),
    namespaceOf: (name) => name,
  };
}
