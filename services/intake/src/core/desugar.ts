import type { Located, LocatedScalar, Path } from './located.ts';
import { textNode, withEntry } from './located.ts';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';

/**
 * Makes one shape of the many that a Blueprint may be written in: services become a list, ports and dependencies maps,
 * numbers and booleans the text they were written as where text is wanted (so an unquoted 1.20 stays "1.20"). What has
 * no such shape is left as it is, for the schema to refuse. Places stay.
 */
export function desugar(tree: Located): { readonly tree: Located; readonly problems: readonly Problem[] } {
  if (tree.kind !== 'map') return { tree, problems: [] };
  const problems: Problem[] = [];
  const listed = withEntry(tree, 'services', (services) =>
    listOfServices(services, (at, service) => desugarService(service, ['services', at], problems), problems),
  );
  return { tree: withEntry(listed, 'labels', textValues), problems };
}

function listOfServices(
  services: Located,
  each: (index: number, service: Located) => Located,
  problems: Problem[],
): Located {
  if (services.kind === 'list') return { ...services, items: services.items.map((item, index) => each(index, item)) };
  if (services.kind !== 'map') return services;
  const items = [...services.entries].map(([name, { keyAt, node }], index) =>
    each(index, named(node, textNode(keyAt, name), ['services', index], problems)),
  );
  return { kind: 'list', at: services.at, items };
}

/** A service in a map is called by its key; it may repeat the name, not contradict it. */
function named(node: Located, name: LocatedScalar, path: Path, problems: Problem[]): Located {
  const service = isAbsent(node) ? { kind: 'map' as const, at: name.at, entries: new Map() } : node;
  if (service.kind !== 'map') return service;
  const own = service.entries.get('name');
  const agrees = own === undefined || (own.node.kind === 'scalar' && own.node.value === name.value);
  if (!agrees)
    problems.push({
      code: 'name-differs',
      path: [...path, 'name'],
      at: own.node.at,
      reason: `the service stands under the key ${quote(name.source)} and is given another name`,
      next: 'leave name out, or make it equal to the key',
    });
  const entries = new Map(service.entries).set('name', { keyAt: name.at, node: name });
  return { kind: 'map', at: name.at, entries };
}

function isAbsent(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null;
}

const plainTexts: Readonly<Record<string, (node: Located) => Located>> = {
  args: textItems,
  env: textValues,
  labels: textValues,
  ports: (ports) => eachItem(ports, portAsMap),
  dependsOn: (dependencies) => eachItem(dependencies, dependencyAsMap),
  run: (run) => (run.kind === 'map' ? withEntry(run, 'command', commandAsList) : run),
};

function desugarService(service: Located, path: Path, problems: Problem[]): Located {
  if (service.kind !== 'map') return service;
  let shaped = service;
  for (const [field, change] of Object.entries(plainTexts)) shaped = withEntry(shaped, field, change);
  return withEntry(shaped, 'secrets', (secrets) => withoutLiterals(secrets, [...path, 'secrets'], problems));
}

/** Refuses literal secrets and takes them out of the tree, so that nothing later can say one. */
function withoutLiterals(secrets: Located, path: Path, problems: Problem[]): Located {
  if (secrets.kind !== 'list') return secrets;
  const items = secrets.items.map((secret, index) =>
    secret.kind === 'map'
      ? withEntry(secret, 'value', (value) => {
          if (value.kind === 'scalar' && value.value === 'auto-generated') return value;
          problems.push({
            code: 'literal-secret',
            path: [...path, index, 'value'],
            reason: 'a secret must not stand in a Blueprint: its value is a literal, allowed is only "auto-generated"',
            next: 'write value: auto-generated, and change the secret that was submitted wherever it is in use',
          });
          return textNode(value.at, 'auto-generated');
        })
      : secret,
  );
  return { ...secrets, items };
}

function portAsMap(port: Located): Located {
  if (port.kind !== 'scalar') return port;
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(port.source);
  if (match === null || (match[2] !== undefined && match[1] !== match[2])) return port;
  const containerPort: LocatedScalar = { kind: 'scalar', at: port.at, value: Number(match[1]), source: port.source };
  return { kind: 'map', at: port.at, entries: new Map([['containerPort', { keyAt: port.at, node: containerPort }]]) };
}

function dependencyAsMap(dependency: Located): Located {
  if (dependency.kind !== 'scalar' || typeof dependency.value !== 'string') return dependency;
  return {
    kind: 'map',
    at: dependency.at,
    entries: new Map([['service', { keyAt: dependency.at, node: dependency }]]),
  };
}

function commandAsList(command: Located): Located {
  if (command.kind === 'scalar' && typeof command.value === 'string')
    return { kind: 'list', at: command.at, items: [command] };
  return textItems(command);
}

function textItems(list: Located): Located {
  return eachItem(list, asText);
}

function textValues(map: Located): Located {
  if (map.kind !== 'map') return map;
  const entries = [...map.entries].map(([key, entry]) => [key, { ...entry, node: asText(entry.node) }] as const);
  return { ...map, entries: new Map(entries) };
}

function eachItem(list: Located, change: (item: Located) => Located): Located {
  return list.kind === 'list' ? { ...list, items: list.items.map(change) } : list;
}

function asText(node: Located): Located {
  if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'string') return node;
  return textNode(node.at, node.source);
}
