import { sortedBy } from '@microstax/model/compare';
import type { PortSpec, ResourcesSpec, SecretSpec, ServiceSpec } from '@microstax/model/service-spec';
import type { WrittenService } from './blueprint-schema.ts';
import { checkInterpolation } from './check-interpolation.ts';
import { notYetProblem } from './locate.ts';
import type { Path } from './located.ts';
import { normaliseDependencies } from './normalise-dependencies.ts';
import { normalisePorts, repeatedPorts } from './normalise-ports.ts';
import type { Problem } from './problem.ts';
import { cpuMillicores, quantityBytes } from './quantities.ts';
import { quote } from './quote.ts';
import type { Surroundings } from './surroundings.ts';

const defaultCpuMillicores = 100;
const defaultMemoryBytes = 128 * 1024 ** 2;
const defaultStatefulStorageBytes = 1024 ** 3;

/** A written service with every default explicit and everything sorted, and what is wrong with it. */
export function normaliseService(
  written: WrittenService,
  { path, surroundings }: { readonly path: Path; readonly surroundings: Surroundings },
): { readonly spec: ServiceSpec; readonly problems: readonly Problem[] } {
  const ports = normalisePorts(written.ports);
  const { dependencies, problems } = normaliseDependencies(written.dependsOn, {
    service: written.name,
    path,
    surroundings,
  });
  const resources = normaliseResources(written, path);
  const { name, run, args, env, expose, stateful, sharing, description, labels } = written;
  const spec: ServiceSpec = {
    name,
    ...(run === undefined ? {} : { run }),
    args,
    ports,
    env: sortedRecord(env),
    secrets: normaliseSecrets(written),
    resources: resources.value,
    expose,
    stateful,
    sharing: sharing.inherit,
    dependsOn: dependencies,
    ...(description === undefined ? {} : { description }),
    labels: sortedRecord(labels),
  };
  return {
    spec,
    problems: [
      ...problems,
      ...resources.problems,
      ...checkReplicas(written, path),
      ...checkPorts(written, ports, path),
      ...checkSecrets(written, path),
      ...checkInterpolation(path, { written, ports, surroundings }),
    ],
  };
}

/** A record in one order, whichever it was written in. */
export function sortedRecord(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(sortedBy(Object.entries(record), ([key]) => key));
}

function normaliseSecrets({ secrets }: WrittenService): SecretSpec[] {
  const references = secrets.map(({ name, envKey }) => ({ name, envKey, source: 'auto-generated' }) as const);
  return sortedBy(references, ({ name, envKey }) => `${name} ${envKey}`);
}

function normaliseResources(
  { resources, stateful }: WrittenService,
  path: Path,
): { readonly value: ResourcesSpec; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read = (field: 'cpu' | 'memory' | 'storage', fallback: number): number => {
    const text = resources[field];
    if (text === undefined) return fallback;
    const quantity = field === 'cpu' ? cpuMillicores(text) : quantityBytes(text);
    if (quantity !== undefined && (quantity > 0 || field === 'storage')) return quantity;
    const allowed = field === 'cpu' ? 'such as 250m, 0.25 or 1, at least 1m' : 'such as 128Mi, 1Gi, 512M or bytes';
    problems.push({
      code: 'bad-quantity',
      path: [...path, 'resources', field],
      reason: `found ${quote(String(text))}, expected a quantity ${allowed}`,
    });
    return fallback;
  };
  const value = {
    cpuMillicores: read('cpu', defaultCpuMillicores),
    memoryBytes: read('memory', defaultMemoryBytes),
    storageBytes: read('storage', stateful ? defaultStatefulStorageBytes : 0),
  };
  return { value, problems };
}

function checkReplicas({ replicas }: WrittenService, path: Path): Problem[] {
  if (replicas === 1) return [];
  return [
    notYetProblem([...path, 'replicas'], 'replicas', `replicas is ${replicas}, this version runs 1 of each service`),
  ];
}

function checkPorts(written: WrittenService, ports: readonly PortSpec[], path: Path): Problem[] {
  const repeated = repeatedPorts(written.ports).map(({ index, key }) => ({
    code: 'duplicate-port',
    path: [...path, 'ports', index],
    reason: `${key} is declared twice`,
    next: 'give each port a name and a number of its own',
  }));
  if (!written.expose || ports.length > 0) return repeated;
  return [
    ...repeated,
    {
      code: 'nothing-to-expose',
      path: [...path, 'expose'],
      reason: `${quote(written.name)} is exposed and has no port`,
      next: 'declare the port under ports',
    },
  ];
}

function checkSecrets({ secrets, env }: WrittenService, path: Path): Problem[] {
  const names = new Set<string>();
  const keys = new Set(Object.keys(env));
  return secrets.flatMap(({ name, envKey }, index) => {
    const problems: Problem[] = [];
    const at = [...path, 'secrets', index];
    if (names.has(name))
      problems.push({
        code: 'duplicate-secret',
        path: [...at, 'name'],
        reason: 'the name of this secret is declared twice',
      });
    if (keys.has(envKey))
      problems.push({
        code: 'duplicate-env',
        path: [...at, 'envKey'],
        reason: 'the variable of this secret is set by env or by another secret too',
        next: 'give each variable one source',
      });
    names.add(name);
    keys.add(envKey);
    return problems;
  });
}
