import type { IdentifyReply } from '@microstax/contracts/graph-requests';
import { checkLineage } from '@microstax/model/lineage-check';
import type { WrittenService } from './blueprint-schema.ts';
import { nodeAt, type Path } from './located.ts';
import { checkEnvironment } from './normalise-environment.ts';
import { checkRouting } from './normalise-routing.ts';
import { checkPlans } from './plans.ts';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';
import type { ReadBlueprint, ReadService } from './read-blueprint.ts';
import type { Surroundings } from './surroundings.ts';

export type Scene = {
  readonly blueprint: ReadBlueprint;
  /** What the graph knows; null where it was not asked. */
  readonly reply: IdentifyReply | null;
  readonly surroundings: Surroundings;
};

/** What is wrong with a Blueprint as a whole: names, lineage, mode, limits. All of it, none stops the others. */
export function checkBlueprint(scene: Scene): Problem[] {
  const { blueprint } = scene;
  return [
    ...checkName(blueprint),
    ...checkOwnWords(scene),
    ...(blueprint.routing === undefined ? [] : checkRouting(blueprint.routing, blueprint.address.env)),
    ...lineageProblems(scene),
    ...checkProject(scene),
    ...checkPresence(blueprint),
    ...checkNames(blueprint.services),
    ...checkRenames(scene),
    ...blueprint.services.flatMap((service) => checkService(service, scene)),
  ];
}

function checkName({ address, header }: ReadBlueprint): Problem[] {
  if (header === undefined || header.name === address.env) return [];
  return [
    {
      code: 'name-differs',
      path: ['name'],
      reason: `the Blueprint is called ${quote(header.name)} and was submitted for ${quote(address.env)}`,
      next: 'submit it under its own name, or change the name',
    },
  ];
}

function checkOwnWords({ blueprint: { header, services }, surroundings }: Scene): Problem[] {
  if (header === undefined) return [];
  const declared = services.map(({ name, written }) => ({ name, removed: written?.remove === true }));
  return [...checkEnvironment(header, surroundings), ...checkPlans(header, declared)];
}

function lineageProblems({ blueprint: { address, routing }, reply }: Scene): Problem[] {
  if (routing === undefined) return [];
  const parent = routing.baselineId ?? null;
  const known = reply ?? { self: null, parent: null, valueHolder: null };
  const claim = { env: address.env, mode: routing.mode, parent, value: routing.overlayId ?? address.env };
  const findings = checkLineage(claim, known);
  const cycle = findings.some(({ code }) => code === 'lineage-cycle');
  return findings
    .filter(({ code }) => code !== 'unknown-parent' || (reply !== null && !cycle))
    .map(({ severity, code, subject, reason, next }) => ({
      severity: severity === 'error' ? 'error' : 'warning',
      code,
      path: subject.split('.'),
      reason,
      ...(next === undefined ? {} : { next }),
    }));
}

function checkProject({ blueprint: { header }, reply }: Scene): Problem[] {
  const project = reply?.parent?.project;
  if (header?.project === undefined || project === undefined || header.project === project) return [];
  return [
    {
      code: 'project-differs',
      path: ['project'],
      reason: `project is ${quote(header.project)}, the one of its parent is ${quote(project)}`,
      next: 'leave project out: an overlay belongs to the project of its root',
    },
  ];
}

function checkPresence({ routing, source, header }: ReadBlueprint): Problem[] {
  if (header === undefined || routing === undefined || routing.mode === 'overlay') return [];
  const services = nodeAt(source.tree, ['services']);
  if (services?.kind !== 'list' || services.items.length > 0) return [];
  return [
    {
      code: 'no-services',
      path: ['services'],
      reason: `mode is ${quote(routing.mode)}, which needs at least one service`,
      next: 'declare a service, or make the environment an overlay',
    },
  ];
}

/** Two services of one name, now or formerly. */
function checkNames(services: readonly ReadService[]): Problem[] {
  const problems: Problem[] = [];
  const named = new Set<string>();
  for (const { name, path } of services) {
    if (name === undefined) continue;
    if (named.has(name))
      problems.push({
        code: 'duplicate-service',
        path: [...path, 'name'],
        reason: `service ${quote(name)} is declared twice`,
        next: 'keep one of them, or rename the other',
      });
    named.add(name);
  }
  const former = new Set<string>();
  const removed = new Set(services.filter(({ written }) => written?.remove).map(({ name }) => name));
  for (const { path, written } of services)
    for (const [index, name] of (written?.formerNames ?? []).entries()) {
      if ((named.has(name) && !removed.has(name)) || former.has(name))
        problems.push({
          code: 'former-name-taken',
          path: [...path, 'formerNames', index],
          reason: `former name ${quote(name)} belongs to another service of this Blueprint, or stands here twice`,
          next: 'a former name is one that nobody has any more',
        });
      former.add(name);
    }
  return problems;
}

/** An overlay that renames what it inherits takes the old name away: else one service would be there twice. */
function checkRenames({ blueprint: { services }, reply }: Scene): Problem[] {
  if (reply === null || reply.parent === null) return [];
  const here = new Set(services.map(({ name }) => name));
  const inherited = reply.parent.services.filter(({ name }) => !here.has(name));
  const names = new Map(inherited.map(({ name, identity }) => [identity, name]));
  return services.flatMap(({ path, written }): Problem[] => {
    if (written === undefined || written.remove || !Object.hasOwn(reply.identities, written.name)) return [];
    const former = names.get(reply.identities[written.name] ?? '');
    if (former === undefined) return [];
    const index = written.formerNames.indexOf(former);
    return [
      {
        code: 'former-name-inherited',
        path: index < 0 ? [...path, 'name'] : [...path, 'formerNames', index],
        reason: `${quote(written.name)} was ${quote(former)}, which is inherited from the parent all the same, so one service would be there twice`,
        next: `take the old name away: { name: ${former}, remove: true }`,
      },
    ];
  });
}

function checkService({ path, written }: ReadService, scene: Scene): Problem[] {
  if (written === undefined) return [];
  return written.remove ? checkRemoval(written, path, scene) : checkRunnable(written, path, scene);
}

const beside: ReadonlySet<string> = new Set(['name', 'remove', 'description']);

function checkRemoval(written: WrittenService, path: Path, { blueprint, reply, surroundings }: Scene): Problem[] {
  const problems: Problem[] = [];
  const at = [...path, 'remove'];
  const others = Object.entries(written).filter(([key, value]) => !beside.has(key) && isStated(value));
  if (others.length > 0)
    problems.push({
      code: 'removed-and-declared',
      path: at,
      mark: 'key',
      reason: `${quote(written.name)} is removed, so ${others.map(([key]) => quote(key)).join(', ')} would have no meaning`,
      next: 'keep remove: true alone, or leave it out',
    });
  if (blueprint.routing !== undefined && blueprint.routing.mode !== 'overlay')
    problems.push({
      code: 'remove-without-parent',
      path: at,
      mark: 'key',
      reason: `only an overlay can take a service away, and mode is ${quote(blueprint.routing.mode)}`,
      next: `leave ${quote(written.name)} out`,
    });
  if (reply !== null && reply.parent !== null && !surroundings.isInherited(written.name))
    problems.push({
      severity: 'warning',
      code: 'removes-nothing',
      path: at,
      mark: 'key',
      reason: `the parent has no service ${quote(written.name)}, so there is nothing to take away`,
    });
  return problems;
}

/** Whether a field was given a value other than what its absence means. */
function isStated(value: unknown): boolean {
  if (value === undefined || value === false || value === 1) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).some(([key, inner]) => !(key === 'inherit' && inner === 'allow') && inner !== undefined);
}

/** A declaration replaces the parent's whole, so one without `run` and `image` leaves nothing that could be started here. */
function checkRunnable(written: WrittenService, path: Path, { blueprint: { routing } }: Scene): Problem[] {
  if (written.run !== undefined || written.image !== undefined || routing === undefined) return [];
  if (written.mocks?.mode === 'replace') return [];
  const elsewhere =
    Object.hasOwn(routing.providers, written.name) || routing.pools.length > 0 || written.sharing.inherit === 'require';
  if (elsewhere) return [];
  const overlay = routing.mode === 'overlay';
  return [
    {
      severity: overlay ? 'warning' : 'error',
      code: 'nothing-to-run',
      path,
      reason: `${quote(written.name)} has neither run nor image, so it cannot be started here${overlay ? ': a declaration replaces the whole one of the parent' : ', and nothing else provides it'}`,
      next: 'add run: { command: [program, argument] } or an image, or map it in routing.providers',
    },
  ];
}
