import type { ComposedService, Composition } from '@microstax/model/composition';
import type { Difference } from '@microstax/model/difference';
import type { DependencySpec } from '@microstax/model/service-spec';

// The oracle: design 5.3 read aloud, with every assignment tried. It shares no code with the core that it judges.

export type NaivePlacement = { readonly local: ReadonlySet<string>; readonly context: ReadonlySet<string> };

type Way = { readonly from: string; readonly to: string; readonly passes: boolean };

/** All assignments that satisfy every rule, or none. */
export function allPlacements(composition: Composition, difference: Difference): readonly NaivePlacement[] {
  const services = composition.services;
  const gone = new Set(services.filter((service) => isGone(service, composition, difference)).map(({ name }) => name));
  const ways = travelled(composition, gone);
  const found: NaivePlacement[] = [];
  for (let bits = 0; bits < 4 ** services.length; bits += 1) {
    const local = new Set(services.filter((_, at) => (bits >> (2 * at)) & 1).map(({ name }) => name));
    const context = new Set(services.filter((_, at) => (bits >> (2 * at + 1)) & 1).map(({ name }) => name));
    if (isAllowed({ local, context }, composition, difference, gone, ways)) found.push({ local, context });
  }
  return found;
}

function isAllowed(
  { local, context }: NaivePlacement,
  { services, root }: Composition,
  difference: Difference,
  gone: ReadonlySet<string>,
  ways: readonly Way[],
): boolean {
  for (const service of services) {
    const { name, remote, removed } = service;
    const here = local.has(name);
    if (gone.has(name)) {
      if (here) return false;
    } else {
      if (!here && mustRunHere(service, difference)) return false;
      if (here && mustNotRunHere(service, difference)) return false;
      if (!here && remote === null) return false;
    }
    const mapped = remote !== null && (remote.tier === 'explicit provider mapping' || remote.env !== root);
    if ((here || removed || mapped) && !context.has(name)) return false;
    for (const dependency of removed ? [] : service.spec.dependsOn)
      if (dependency.kind === 'consumes' && here && !gone.has(dependency.service) && !local.has(dependency.service))
        return false;
  }
  return ways.every(({ from, to, passes }) => {
    if (!context.has(to)) return true;
    return passes ? context.has(from) : local.has(from);
  });
}

function mustRunHere({ name, spec }: ComposedService, difference: Difference): boolean {
  const state = stateOf(name, difference);
  return state === 'added' || state === 'changed' || spec.sharing === 'deny';
}

function mustNotRunHere({ name, spec, owner }: ComposedService, difference: Difference): boolean {
  const required = spec.sharing === 'require' && (owner !== 'own' || stateOf(name, difference) === 'changed');
  return required || spec.run === undefined;
}

function stateOf(name: string, difference: Difference): string | undefined {
  return difference.services.find(({ service }) => service === name)?.state;
}

function isGone(service: ComposedService, { services }: Composition, difference: Difference): boolean {
  if (service.removed) return true;
  if (service.remote !== null) return false;
  const dependents = services
    .filter(({ removed }) => !removed)
    .flatMap(({ spec }) => spec.dependsOn)
    .filter((dependency) => dependency.service === service.name);
  const optional = dependents.length > 0 && dependents.every(({ required }) => !required);
  return optional && stateOf(service.name, difference) !== 'changed' && mustNotRunHere(service, difference);
}

function travelled({ services }: Composition, gone: ReadonlySet<string>): readonly Way[] {
  const ways = services
    .filter(({ removed }) => !removed)
    .flatMap(({ name, spec }) => spec.dependsOn.map((dependency) => wayOf(name, dependency)))
    .filter(({ from }) => !gone.has(from));
  const present = services.filter(({ name }) => !gone.has(name));
  const exposed = present.filter(({ spec }) => spec.expose);
  const uncalled = present.filter(({ name }) => !ways.some(({ to }) => to === name));
  const entries = exposed.length > 0 ? exposed : uncalled.length > 0 ? uncalled : present;
  const reached = new Set(entries.map(({ name }) => name));
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const { from, to } of ways) if (reached.has(from)) reached.add(to);
  }
  return ways.filter(({ from }) => reached.has(from));
}

function wayOf(name: string, { service, kind, protocol, propagates }: DependencySpec): Way {
  if (kind === 'consumes') return { from: service, to: name, passes: propagates };
  return { from: name, to: service, passes: propagates && protocol === 'http' };
}
