import type { InstanceRecord, Inventory } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { runDigest, type ServiceSpec, specDigest } from '@microstax/model/service-spec';

const nothing = `sha256:${'0'.repeat(64)}` as const;

/** A runnable service with one http port; only for tests. */
export function aSpec(name: string, draft: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    run: { command: ['node', 'server.js'], cwd: '.' },
    args: [],
    ports: [{ name: 'http', containerPort: 8080, protocol: 'http' }],
    env: {},
    secrets: [],
    resources: { cpuMillicores: 100, memoryBytes: 1, storageBytes: 0 },
    expose: false,
    stateful: false,
    sharing: 'allow',
    dependsOn: [],
    labels: {},
    ...draft,
  };
}

/** A plan that runs these specs here, in the shape of the planner's jobs: scope, workload and readiness each, routes, removals. */
export function aPlan(env: string, specs: readonly ServiceSpec[], draft: Partial<Plan> = {}): Plan {
  const jobs: Job[] = [{ id: 'scope', kind: 'scope', after: [], reason: 'addresses come first' }];
  for (const spec of specs) {
    const { name: service } = spec;
    const digest = runDigest(spec);
    const after = spec.dependsOn.map((dependency) => `readiness:${dependency.service}`);
    jobs.push({
      id: `workload:${service}`,
      kind: 'workload',
      service,
      runDigest: digest,
      after: ['scope', ...after],
      reason: 'runs here',
    });
    jobs.push({
      id: `readiness:${service}`,
      kind: 'readiness',
      service,
      runDigest: digest,
      after: [`workload:${service}`],
      reason: 'answers',
    });
  }
  const ready = specs.map((spec) => `readiness:${spec.name}`);
  jobs.push({ id: 'routes', kind: 'routes', after: ready.length > 0 ? ready : ['scope'], reason: 'after readiness' });
  jobs.push({ id: 'removals', kind: 'removals', after: ['routes'], reason: 'after routes' });
  return {
    org: 'default',
    env,
    wanted: 'running',
    engine: 'test',
    derivation: nothing,
    difference: nothing,
    composition: nothing,
    placements: specs.map((spec) => ({
      service: spec.name,
      identity: `svc-${spec.name}`,
      kind: 'local',
      carriesContext: false,
      specDigest: specDigest(spec),
      runDigest: runDigest(spec),
      reasons: [],
      costMicrosPerHour: 0,
    })),
    contextEdges: [],
    listeners: specs.flatMap((spec) =>
      spec.ports.map((port) => ({
        service: spec.name,
        port: port.name,
        protocol: port.protocol,
        preferredPort: null,
        reason: 'exposed',
      })),
    ),
    jobs,
    omittedJobs: [],
    specs: Object.fromEntries(specs.map((spec) => [spec.name, spec])),
    cost: {
      microsPerHour: 0,
      fullCopyMicrosPerHour: 0,
      savedMicrosPerHour: 0,
      expectedHours: 1,
      formula: '',
      terms: [],
      fullCopyTerms: [],
    },
    candidates: [],
    findings: [],
    ...draft,
  };
}

/** A resolution in which everything is local. */
export function aResolution(plan: Plan): Resolution {
  return {
    org: plan.org,
    env: plan.env,
    engine: 'test',
    plan: nothing,
    composition: nothing,
    context: { value: plan.env, headerName: 'x-msx-env', unknown: 'baseline', root: plan.env, parent: null },
    records: plan.placements.map(({ service, identity }) => ({
      env: plan.env,
      service,
      identity,
      tier: 'local overlay',
      target: { env: plan.env, service },
      ports: (plan.specs[service]?.ports ?? []).map(({ name, protocol }) => ({ name, protocol })),
      tried: [],
    })),
    findings: [],
  };
}

/** A record as the driver leaves it. */
export function anInstance(spec: ServiceSpec, draft: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id: `${spec.name}-x-1`,
    service: spec.name,
    runDigest: runDigest(spec),
    pid: 1,
    startTime: '1',
    bootId: 'b',
    ports: { http: 40_000 },
    epoch: 1,
    ...draft,
  };
}

export function anInventory(instances: readonly InstanceRecord[] = []): Inventory {
  return { instances, listeners: [] };
}
