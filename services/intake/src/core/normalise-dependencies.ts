import { sortedBy } from '@microstax/model/compare';
import { contractVersion } from '@microstax/model/contract-version';
import { must } from '@microstax/model/must';
import type { DependencySpec, PortSpec } from '@microstax/model/service-spec';
import type { WrittenDependency } from './blueprint-schema.ts';
import type { Path } from './located.ts';
import { defaultPort } from './normalise-ports.ts';
import type { Problem } from './problem.ts';
import { quote, quoteList } from './quote.ts';
import type { Meaning, Surroundings } from './surroundings.ts';

type Normalised = { readonly dependencies: readonly DependencySpec[]; readonly problems: readonly Problem[] };

/** Dependencies with kind, port, protocol and propagation stated, sorted; and what is wrong with them. */
export function normaliseDependencies(
  written: readonly WrittenDependency[],
  { service, path, surroundings }: { service: string; path: Path; surroundings: Surroundings },
): Normalised {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const dependencies = written.map((dependency, index) => {
    const at = [...path, 'dependsOn', index];
    const meaning = surroundings.meaningOf(dependency.service);
    problems.push(...checkTarget(dependency, { service, at, meaning, surroundings }));
    const { spec, problem } = complete(dependency, meaning, at);
    if (problem !== undefined) problems.push(problem);
    const key = dependencyKey(spec);
    if (seen.has(key))
      problems.push({
        code: 'duplicate-dependency',
        path: at,
        reason: `the dependency on ${quote(dependency.service)} is repeated with the same kind and port`,
        next: 'keep one of them',
      });
    seen.add(key);
    return spec;
  });
  return { dependencies: sortedBy(dependencies, dependencyKey), problems };
}

function dependencyKey({ service, kind, port }: DependencySpec): string {
  return `${service} ${kind} ${port ?? ''}`;
}

function checkTarget(
  { service: target, required }: WrittenDependency,
  { service, at, meaning, surroundings }: { service: string; at: Path; meaning: Meaning; surroundings: Surroundings },
): Problem[] {
  const path = [...at, 'service'];
  if (target === service)
    return [
      {
        code: 'self-dependency',
        path,
        reason: `${quote(service)} depends on itself`,
        next: 'leave the dependency out',
      },
    ];
  if (meaning.kind === 'removed')
    return [
      {
        severity: required ? 'error' : 'warning',
        code: 'depends-on-removed',
        path,
        reason: `${quote(service)} depends on ${quote(target)}, which this Blueprint removes`,
        next: 'leave the dependency or the removal out',
      },
    ];
  if (meaning.kind !== 'nothing') return [];
  const near = surroundings.suggest(target);
  return [
    {
      code: 'depends-on-nothing',
      path,
      reason: `${quote(service)} depends on ${quote(target)}, which neither this Blueprint nor its parent declares and routing.providers does not map`,
      next:
        near === undefined
          ? `declare ${quote(target)}, or map it in routing.providers`
          : `did you mean ${quote(near)}?`,
    },
  ];
}

type Completed = { readonly spec: DependencySpec; readonly problem?: Problem };

function complete(written: WrittenDependency, meaning: Meaning, at: Path): Completed {
  const ports = 'ports' in meaning ? meaning.ports : undefined;
  if (ports === undefined) {
    const protocol = written.protocol ?? 'http';
    return { spec: specOf(written, { name: written.port ?? protocol, protocol }) };
  }
  if (written.port === undefined) return completeWithDefault(written, ports, at);
  const port = ports.find(({ name }) => name === written.port);
  if (port === undefined) return { spec: specOf(written, undefined), problem: unknownPort(written, ports, at) };
  return { spec: specOf(written, port), ...protocolProblem(written, port, at) };
}

function completeWithDefault(written: WrittenDependency, ports: readonly PortSpec[], at: Path): Completed {
  const port = defaultPort(ports, written.protocol);
  if (port !== undefined || ports.length === 0) return { spec: specOf(written, port) };
  const only = ports.length === 1 ? ports[0] : undefined;
  if (only !== undefined) return { spec: specOf(written, only), ...protocolProblem(written, only, at) };
  return {
    spec: specOf(written, undefined),
    problem: {
      code: 'ambiguous-port',
      path: at,
      reason: `${quote(written.service)} has the ports ${quoteList(ports.map(({ name }) => name))}, and none is named here`,
      next: `write { service: ${written.service}, port: ${ports[0]?.name} }`,
    },
  };
}

function specOf(
  { service, kind, protocol: stated, propagates, required, contract }: WrittenDependency,
  port: Pick<PortSpec, 'name' | 'protocol'> | undefined,
): DependencySpec {
  const protocol = port?.protocol ?? stated ?? 'http';
  return {
    service,
    kind,
    ...(port === undefined ? {} : { port: port.name }),
    protocol,
    propagates: propagates ?? (kind === 'calls' && (protocol === 'http' || protocol === 'grpc')), // protocol 6
    required,
    ...(contract === undefined ? {} : { contract: contractOf(contract) }),
  };
}

/** `1` is `1.0`, and `01.2` is `1.2`. */
export function contractOf(written: string): string {
  const { major, minor } = must(contractVersion(written), 'the schema takes no other text');
  return `${major}.${minor}`;
}

function unknownPort(written: WrittenDependency, ports: readonly PortSpec[], at: Path): Problem {
  const names = ports.map(({ name }) => name);
  return {
    code: 'unknown-port',
    path: [...at, 'port'],
    reason: `${quote(written.service)} has no port ${quote(written.port ?? '')}`,
    next: names.length === 0 ? `declare a port of ${quote(written.service)}` : `its ports are ${quoteList(names)}`,
  };
}

function protocolProblem(written: WrittenDependency, port: PortSpec, at: Path): { problem?: Problem } {
  if (written.protocol === undefined || written.protocol === port.protocol) return {};
  return {
    problem: {
      code: 'protocol-differs',
      path: [...at, 'protocol'],
      reason: `the dependency says ${quote(written.protocol)}, port ${quote(port.name)} of ${quote(written.service)} speaks ${quote(port.protocol)}`,
      next: 'leave protocol out: the port states it',
    },
  };
}
