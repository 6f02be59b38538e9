import { probeNames } from './probe-spec.ts';
import type { Revision } from './revision.ts';
import type { RuntimeFeature } from './runtime-fact.ts';
import type { ServiceSpec } from './service-spec.ts';

/** What a declaration asks of the runtime, and the field that asks. */
export type RuntimeNeed = { readonly feature: RuntimeFeature; readonly field: string };

/** What a service needs where it runs, in the order of its fields. */
export function serviceNeeds(spec: ServiceSpec): RuntimeNeed[] {
  const { run, image, security, ports, secrets, resources, replicas, stateful, probes, volumes, mocks, init } = spec;
  return [
    ...need(run !== undefined, 'run', 'run'),
    ...need(image !== undefined, 'image', 'image'),
    ...need(security !== undefined, 'security', 'security'),
    ...ports.map(({ name, protocol }) => ({ feature: `ports.${protocol}`, field: `ports.${name}` }) as const),
    ...secrets.map(({ name, source }) => ({ feature: `secrets.${source}`, field: `secrets.${name}` }) as const),
    ...need(resources.limits !== undefined, 'limits', 'resources.limits'),
    ...need((replicas ?? 1) !== 1, 'replicas', 'replicas'),
    ...need(stateful, 'stateful', 'stateful'),
    ...probeNames.flatMap((name) => {
      const probe = probes?.[name];
      if (probe === undefined) return [];
      return [{ feature: `probes.${name}.${probe.check.kind}`, field: `probes.${name}` } as const];
    }),
    ...(volumes ?? []).map(({ name, type }) => ({ feature: `volumes.${type}`, field: `volumes.${name}` }) as const),
    ...(mocks === undefined ? [] : [{ feature: `mocks.${mocks.mode}`, field: 'mocks' } as const]),
    ...(init ?? []).map(({ name, type }) => ({ feature: `init.${type}`, field: `init.${name}` }) as const),
  ];
}

/** What an environment's own words need. Budget and residency need nothing: the validator and the graph see to them. */
export function environmentNeeds({ ttlSeconds, autoShutdown, snapshot, seeds, routing }: Revision): RuntimeNeed[] {
  return [
    ...need(ttlSeconds !== undefined, 'ttl', 'ttl'),
    ...need(autoShutdown !== undefined, 'autoShutdown', 'autoShutdownEnabled'),
    ...need(snapshot !== undefined, 'snapshot', 'snapshot'),
    ...need(seeds !== undefined, 'seeds', 'seeds'),
    ...need(routing.front === 'allow', 'front', 'routing.front'),
    ...need(!routing.propagateHeader, 'context-stops-here', 'routing.propagateHeader'),
  ];
}

function need(is: boolean, feature: RuntimeFeature, field: string): RuntimeNeed[] {
  return is ? [{ feature, field }] : [];
}
