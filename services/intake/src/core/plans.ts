import type { WrittenPlans } from './blueprint-schema.ts';
import { type Located, type LocatedMap, nodeAt, type Path } from './located.ts';
import { nearestWord } from './nearest-word.ts';
import { badQuantities } from './normalise-resources.ts';
import type { Problem } from './problem.ts';
import { quote, quoteList } from './quote.ts';

const suggestionsMax = 20; // each looks through all names, and there may be 20,000

/** Fields of a plan that are laid over the service's own key by key; the others replace it. */
const merged: ReadonlySet<string> = new Set(['env', 'resources', 'limits']);

/**
 * Lays the chosen plan over the services, so that they are judged as they will be and every finding still knows its
 * place in the plan. The plan leaves no trace but the values.
 */
export function applyPlan(tree: Located, chosen: string): Located {
  const plan = nodeAt(tree, ['plans', chosen, 'services']);
  const services = nodeAt(tree, ['services']);
  if (tree.kind !== 'map' || plan?.kind !== 'map' || services?.kind !== 'list') return tree;
  const items = services.items.map((service) => {
    const name = nodeAt(service, ['name']);
    const over = name?.kind === 'scalar' ? plan.entries.get(String(name.value))?.node : undefined;
    return over?.kind === 'map' && service.kind === 'map' ? laidOver(service, over) : service;
  });
  const entry = tree.entries.get('services');
  if (entry === undefined) return tree;
  return { ...tree, entries: new Map(tree.entries).set('services', { ...entry, node: { ...services, items } }) };
}

function laidOver(base: LocatedMap, over: LocatedMap): LocatedMap {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const own = entries.get(key);
    const both = merged.has(key) && own?.node.kind === 'map' && entry.node.kind === 'map';
    entries.set(key, both ? { ...own, node: laidOver(own.node as LocatedMap, entry.node as LocatedMap) } : entry);
  }
  return { ...base, entries };
}

type Declared = { readonly name: string | undefined; readonly removed: boolean };

/** What is wrong with plans and the choice among them. */
export function checkPlans(
  { plan, plans }: { readonly plan?: string | undefined; readonly plans: WrittenPlans },
  services: readonly Declared[],
): Problem[] {
  const names = Object.keys(plans);
  const problems: Problem[] = [];
  if (plan !== undefined && !names.includes(plan)) {
    const near = nearestWord(plan, names);
    const next =
      names.length === 0 ? `declare it: plans: { ${plan}: { services: { … } } }` : `the plans are ${quoteList(names)}`;
    problems.push({
      code: 'unknown-plan',
      path: ['plan'],
      reason: `there is no plan ${quote(plan)}`,
      next: near === undefined ? next : `did you mean ${quote(near)}?`,
    });
  }
  const known = new Map(
    services.flatMap(({ name, removed }) => (name === undefined ? [] : [[name, removed] as const])),
  );
  let looks = 0;
  for (const [name, { services: planned }] of Object.entries(plans))
    for (const [service, { resources = {} }] of Object.entries(planned)) {
      const path = ['plans', name, 'services', service];
      const unknown = checkPlanned(service, path, known, looks < suggestionsMax);
      if (unknown !== undefined) {
        looks++;
        problems.push(unknown);
      }
      // Those of the chosen plan are said where they were laid over the service.
      if (name !== plan) problems.push(...badQuantities(resources, [...path, 'resources']));
    }
  return problems;
}

function checkPlanned(
  service: string,
  path: Path,
  known: ReadonlyMap<string, boolean>,
  mayLook: boolean,
): Problem | undefined {
  const removed = known.get(service);
  if (removed === false) return undefined;
  const near = removed || !mayLook ? undefined : nearestWord(service, known.keys());
  return {
    code: 'unknown-service',
    path,
    mark: 'key',
    reason: `this Blueprint ${removed ? 'removes' : 'does not declare'} service ${quote(service)}`,
    next:
      near === undefined
        ? 'a plan speaks of services that the Blueprint itself declares'
        : `did you mean ${quote(near)}?`,
  };
}
