import type { Artifact } from '@microstax/model/artifact';
import { sealArtifact } from '@microstax/model/artifact';
import { defaultOrg as org } from '@microstax/model/names';
import type { Revision, ServiceDeclaration } from '@microstax/model/revision';
import { serviceIdentity } from '@microstax/model/service-identity';
import { seededRandom } from '@microstax/testkit/random';

export const baselineName = 'base';

/** Services that call services of a higher number, in pairs that repeat with the seed; number 0 is exposed. */
export type RandomGraph = { readonly size: number; readonly calls: readonly (readonly number[])[] };

export function randomGraph(size: number, edges: number): RandomGraph {
  const random = seededRandom(size);
  const calls = Array.from({ length: size }, () => new Set<number>());
  for (let edge = 0; edge < edges; edge++) {
    const from = random.integer(0, size - 2);
    calls[from]?.add(random.integer(from + 1, size - 1));
  }
  return { size, calls: calls.map((targets) => [...targets]) };
}

/** The Blueprint of a baseline of all services. */
export function baselineText(graph: RandomGraph): string {
  const services = graph.calls.map((_, index) => written(graph, index, '1'));
  return JSON.stringify({ name: baselineName, routing: { mode: 'baseline' }, services });
}

/** The Blueprint of an overlay that changes so many services, evenly spread. */
export function overlayText(graph: RandomGraph, env: string, { changed }: { readonly changed: number }): string {
  const services = changedIn(graph, changed).map((index) => written(graph, index, env));
  return JSON.stringify({ name: env, routing: { mode: 'overlay', baselineId: baselineName }, services });
}

export function changedIn({ size }: RandomGraph, changed: number): number[] {
  return Array.from({ length: changed }, (_, index) => Math.floor((size * (index + 1)) / (changed + 1)));
}

function written({ calls }: RandomGraph, index: number, version: string) {
  return {
    name: nameOf(index),
    run: { command: ['node', 'server.mjs'], cwd: 'services' },
    ports: [{ name: 'http', containerPort: 8080, protocol: 'http' }],
    env: { LOG_LEVEL: 'info', VERSION: version },
    resources: { cpu: '100m', memory: '128Mi' },
    dependsOn: (calls[index] ?? []).map(nameOf),
    ...(index === 0 ? { expose: true } : {}),
  };
}

/** What intake makes of the baseline's text, without the text: the same bytes (`npm run bench -- graph` compares). */
export function baselineRevision({ calls }: RandomGraph): Artifact<Revision> {
  const services = calls.map((targets, index): ServiceDeclaration => {
    const name = nameOf(index);
    const identity = identityOf(name);
    const dependsOn = targets.map(nameOf).sort();
    return {
      kind: 'run',
      name,
      identity,
      formerNames: [],
      spec: {
        name,
        run: { command: ['node', 'server.mjs'], cwd: 'services' },
        args: [],
        ports: [{ name: 'http', containerPort: 8080, protocol: 'http' }],
        env: { LOG_LEVEL: 'info', VERSION: '1' },
        secrets: [],
        resources: { cpuMillicores: 100, memoryBytes: 128 * 1024 ** 2, storageBytes: 0 },
        expose: index === 0,
        stateful: false,
        sharing: 'allow',
        dependsOn: dependsOn.map((service) => ({
          service,
          kind: 'calls',
          port: 'http',
          protocol: 'http',
          propagates: true,
          required: true,
        })),
        labels: {},
      },
    };
  });
  return sealArtifact<Revision>('revision', {
    org,
    env: baselineName,
    project: baselineName,
    mode: 'baseline',
    labels: {},
    services: services.sort((a, b) => (a.name < b.name ? -1 : 1)),
    routing: {
      value: baselineName,
      headerName: 'x-msx-env',
      propagateHeader: true,
      unknown: 'baseline',
      providers: {},
      pools: [],
    },
  });
}

export function identityOf(name: string): string {
  return serviceIdentity({ org, project: baselineName, firstName: name, ordinal: 1 });
}

export function nameOf(index: number): string {
  return `service-${index}`;
}
