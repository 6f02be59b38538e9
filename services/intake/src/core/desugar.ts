import type { Located, LocatedScalar, Path } from './located.ts';
import { nodeAt, textNode, withEntry } from './located.ts';
import type { Problem } from './problem.ts';
import { quote, quoteList } from './quote.ts';
import {
  asList,
  asProgram,
  asText,
  dependencyAsMap,
  eachItem,
  eachValue,
  mapEntries,
  poolAsMap,
  portAsMap,
  providerAsMap,
  seedAsMap,
  textItems,
  textValues,
  type Words,
  words,
} from './spellings.ts';

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
  const planned = withEntry(listed, 'plans', (plans) => desugarPlans(plans, problems));
  const environmentWords: Words = {
    labels: textValues,
    seeds: (seeds) => eachItem(seeds, seedAsMap),
    routing: words({ providers: eachValue(providerAsMap), pools: (pools) => eachItem(pools, poolAsMap) }),
  };
  return { tree: words(environmentWords)(planned), problems };
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

/** Fields whose values may be written in shorter ways, by the map that they stand in. */
const serviceWords: Words = {
  command: asProgram,
  user: asText,
  args: textItems,
  env: textValues,
  labels: textValues,
  ports: (ports) => eachItem(ports, portAsMap),
  dependsOn: (dependencies) => eachItem(dependencies, dependencyAsMap),
  run: words({ command: asProgram }),
  contract: words({ version: asText }),
  probes: eachValue(words({ exec: words({ command: asProgram }), http: words({ headers: textValues }) })),
  volumes: (volumes) => eachItem(volumes, words({ files: textValues })),
  mocks: words({ run: words({ command: asProgram }), args: textItems, env: textValues }),
  init: (steps) => eachItem(asList(steps), words({ command: asProgram })),
};
const planWords: Words = { args: textItems, env: textValues };

const shortService = words(serviceWords);

function desugarService(service: Located, path: Path, problems: Problem[]): Located {
  return words({
    resources: (resources) => withoutRequests(resources, [...path, 'resources'], problems),
    secrets: (secrets) => withoutLiterals(secrets, [...path, 'secrets'], problems),
  })(shortService(service));
}

function desugarPlans(plans: Located, problems: Problem[]): Located {
  if (plans.kind !== 'map') return plans;
  return mapEntries(plans, (plan, name) =>
    words({
      services: (services) =>
        services.kind !== 'map'
          ? services
          : mapEntries(services, (service, key) =>
              words({
                ...planWords,
                resources: (resources) =>
                  withoutRequests(resources, ['plans', name, 'services', key, 'resources'], problems),
              })(service),
            ),
    })(plan),
  );
}

const requestFields: readonly string[] = ['cpu', 'memory', 'storage'];

/** `requests: { cpu }` is another spelling of `cpu`; said in both, it is left for nobody to choose. */
function withoutRequests(resources: Located, path: Path, problems: Problem[]): Located {
  const requests = nodeAt(resources, ['requests']);
  if (resources.kind !== 'map' || requests?.kind !== 'map') return resources;
  // With a key that is none of a request it stays where it is, for the schema to refuse.
  if ([...requests.entries.keys()].some((key) => !requestFields.includes(key))) return resources;
  const rest = new Map(resources.entries);
  rest.delete('requests');
  const twice = requestFields.filter((field) => rest.has(field));
  if (twice.length > 0) {
    problems.push({
      code: 'said-twice',
      path: [...path, 'requests'],
      at: resources.entries.get('requests')?.keyAt ?? requests.at,
      reason: `requests is another spelling of what stands beside it: ${quoteList(twice)}`,
      next: 'write cpu, memory and storage under resources or under resources.requests',
    });
    return { ...resources, entries: rest };
  }
  return { ...resources, entries: new Map([...rest, ...requests.entries]) };
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
            next: 'write value: auto-generated or ref: <secret>/<key>, and change the secret that was submitted wherever it is in use',
          });
          return textNode(value.at, 'auto-generated');
        })
      : secret,
  );
  return { ...secrets, items };
}
