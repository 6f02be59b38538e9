import { sortedBy } from '@microstax/model/compare';
import type { PortSpec, SecretSpec, ServiceSpec } from '@microstax/model/service-spec';
import type { WrittenSecret, WrittenService } from './blueprint-schema.ts';
import { checkInterpolation } from './check-interpolation.ts';
import type { Path } from './located.ts';
import { contractOf, normaliseDependencies } from './normalise-dependencies.ts';
import { normalisePorts, repeatedPorts } from './normalise-ports.ts';
import { normaliseProbes } from './normalise-probes.ts';
import { normaliseResources } from './normalise-resources.ts';
import { checkStart, normaliseImage, normaliseInit, normaliseMocks } from './normalise-start.ts';
import { normaliseVolumes } from './normalise-volumes.ts';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';
import { normaliseSecurity } from './security-schema.ts';
import { sortedRecord } from './sorted-record.ts';
import type { Surroundings } from './surroundings.ts';

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
  const image = normaliseImage(written.image, [...path, 'image']);
  const probes = normaliseProbes(written.probes, { ports, path });
  const volumes = normaliseVolumes(written, path);
  const mocks = normaliseMocks(written, path);
  const init = normaliseInit(written, path);
  const { name, run, command, workingDir, user, security, args, env, replicas, contract } = written;
  const { expose, stateful, sharing, description, labels } = written;
  const spec = present<ServiceSpec>({
    name,
    run,
    image: image.value,
    command,
    workingDir,
    user,
    security: normaliseSecurity(security),
    args,
    ports,
    env: sortedRecord(env),
    secrets: normaliseSecrets(written),
    resources: resources.value,
    replicas: replicas === 1 ? undefined : replicas,
    probes: probes.value,
    volumes: volumes.value,
    mocks: mocks.value,
    init: init.value,
    contract: contract === undefined ? undefined : { version: contractOf(contract.version) },
    expose,
    stateful,
    sharing: sharing.inherit,
    dependsOn: dependencies,
    description,
    labels: sortedRecord(labels),
  });
  return {
    spec,
    problems: [
      ...problems,
      ...resources.problems,
      ...image.problems,
      ...probes.problems,
      ...volumes.problems,
      ...mocks.problems,
      ...init.problems,
      ...checkStart(written, path),
      ...checkPorts(written, ports, path),
      ...checkSecrets(written, path),
      ...checkInterpolation(path, { written, ports, surroundings }),
    ],
  };
}

/** Members that are not declared are absent, so that they change no digest. */
function present<T>(members: { readonly [key in keyof T]: T[key] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

function normaliseSecrets({ secrets }: WrittenService): SecretSpec[] {
  return sortedBy(secrets.map(secretOf), ({ name, envKey }) => `${name} ${envKey}`);
}

function secretOf({ name, envKey, ref }: WrittenSecret): SecretSpec {
  if (ref === undefined) return { name, envKey, source: 'auto-generated' };
  const [secret = '', key = ''] = ref.split('/');
  return { name, envKey, source: 'reference', secret, key };
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
  return secrets.flatMap(({ name, envKey, value, ref }, index) => {
    const problems: Problem[] = [];
    const at = [...path, 'secrets', index];
    if ((value === undefined) === (ref === undefined))
      problems.push({
        code: 'one-source',
        path: at,
        reason: value === undefined ? 'the secret has neither value nor ref' : 'the secret has a value and a ref',
        next: 'write value: auto-generated, or ref: <secret>/<key>',
      });
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
