import type { ImportFile, ImportTarget } from '@microstax/contracts/import-requests';
import { stringify } from 'yaml';
import type { LinkedService } from './link.ts';

const schemaLine = '# yaml-language-server: $schema=docs/blueprint.schema.json';

/** The Blueprint as text: the same services, the same bytes, whatever order and folder their files had. */
export function printBlueprint(
  name: string,
  target: ImportTarget,
  services: readonly LinkedService[],
  files: readonly ImportFile[],
): string {
  const routing = target.mode === 'overlay' ? { mode: 'overlay', baselineId: target.baseline } : { mode: 'baseline' };
  const lowest = new Map(services.map(({ draft, ports }) => [draft.name, lowestPort(ports)]));
  const blueprint = {
    name,
    description: `Imported from ${files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).join(', ')}`,
    routing,
    services: services.map((service) => serviceOf(service, lowest)),
  };
  return `${schemaLine}\n${stringify(blueprint, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** Fields in the order that people read them in. */
function serviceOf(service: LinkedService, lowest: LowestPorts): Record<string, unknown> {
  const { draft, ports, env, command, args, edges } = service;
  const { image, workingDir, user, security, resources, replicas, probes, volumes, init, stateful, expose, labels } =
    draft.fields;
  const fields = {
    name: draft.name,
    image,
    command,
    args,
    workingDir,
    user,
    security,
    ports: ports.map(({ name, containerPort, protocol }) => ({ name, containerPort, protocol })),
    env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
    secrets: secretsOf(draft.secrets),
    resources,
    replicas,
    probes,
    volumes,
    init,
    stateful,
    expose,
    dependsOn: edges.map((edge) => dependencyOf(edge, lowest)),
    labels,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isSaid(value)));
}

type LowestPorts = ReadonlyMap<string, string | undefined>;

function lowestPort(ports: LinkedService['ports']): string | undefined {
  return [...ports].sort((a, b) => a.containerPort - b.containerPort)[0]?.name;
}

/** Where nothing tells which of several ports is called, the lowest is written; the report says so. */
function dependencyOf({ to, port, required }: LinkedService['edges'][number], lowest: LowestPorts): unknown {
  const called = port ?? lowest.get(to);
  // Without a port nothing tells the protocol, and bytes are what is true of all of them.
  return {
    service: to,
    ...(called === undefined ? { protocol: 'tcp' } : { port: called }),
    ...(required ? {} : { required }),
  };
}

function secretsOf(secrets: LinkedService['draft']['secrets']): unknown[] {
  const names = new Set<string>();
  return secrets.map(({ envKey, ref }) => {
    const stem =
      envKey
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 36) || 'secret';
    let name = stem.replace(/-+$/, '');
    for (let count = 2; names.has(name); count++) name = `${stem}-${count}`;
    names.add(name);
    return { name, envKey, ref };
  });
}

function isSaid(value: unknown): boolean {
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || value === null || Object.keys(value).length > 0;
}
