import type { ComposedService, Composition } from '@microstax/model/composition';
import type { Difference } from '@microstax/model/difference';
import type { Facts, PriceTable } from '@microstax/model/facts';
import type { DependencySpec } from '@microstax/model/service-spec';

// The oracle: every assignment is tried, and requests are sent through each. It shares no code with the core that it
// judges, and knows neither implications nor networks: an assignment is wrong where a request ends up wrong.

export type NaivePlacement = {
  readonly local: ReadonlySet<string>;
  readonly context: ReadonlySet<string>;
  readonly micros: number;
};

type Way = {
  readonly from: number;
  readonly to: number;
  readonly message: boolean;
  readonly told: boolean;
  readonly declared: boolean;
};

type World = {
  readonly services: readonly ComposedService[];
  readonly gone: readonly boolean[];
  readonly differs: readonly boolean[];
  readonly waysFrom: readonly (readonly Way[])[];
  readonly entries: readonly number[];
  readonly steals: readonly (readonly [consumer: number, queue: number])[];
  readonly unbridged: readonly (readonly [caller: number, target: number])[];
};

/** All assignments under which no request ends up wrong, with what each costs; none where there is none. */
export function allPlacements(
  composition: Composition,
  difference: Difference,
  facts: Facts,
): readonly NaivePlacement[] {
  const world = worldOf(composition, difference);
  const { services, gone } = world;
  const must = services.map((service, at) => !gone[at] && mustRunHere(service, difference));
  const never = services.map((service, at) => gone[at] || mustNotRunHere(service, difference));
  if (must.some((here, at) => here && never[at])) return [];
  const open = [...services.keys()].filter((at) => !must[at] && !never[at]);
  const found: NaivePlacement[] = [];
  for (let bits = 0; bits < 2 ** open.length; bits += 1) {
    const here = [...must];
    open.forEach((service, bit) => {
      here[service] = ((bits >> bit) & 1) === 1;
    });
    if (services.some(({ remote }, at) => !here[at] && !gone[at] && remote === null)) continue;
    if (isWrong(world, here)) continue;
    const context = services.map((_, at) => endsWrong(world, here, [{ at, here: false, has: false }], 'addressed'));
    const names = (flags: readonly boolean[]) => new Set(services.filter((_, at) => flags[at]).map(({ name }) => name));
    found.push({ local: names(here), context: names(context), micros: priceOf(world, here, context, facts) });
  }
  return found;
}

type Step = { readonly at: number; readonly here: boolean; readonly has: boolean };

function isWrong(world: World, here: readonly boolean[]): boolean {
  if (world.steals.some(([consumer, queue]) => here[consumer] && !here[queue])) return true;
  if (world.unbridged.some(([caller, target]) => here[caller] && !here[target])) return true;
  const steps = world.entries.map((at) => ({ at, here: here[at] === true, has: true }));
  return endsWrong(world, here, steps, 'arrived');
}

/** Sends requests on from where they are; whether one ends at an instance that is not this environment's answer. */
function endsWrong(
  world: World,
  here: readonly boolean[],
  from: readonly Step[],
  how: 'arrived' | 'addressed',
): boolean {
  const overridden = (at: number): boolean => here[at] === true || world.differs[at] === true;
  if (how === 'addressed' && from.some(({ at }) => overridden(at))) return true;
  const seen = new Uint8Array(4 * world.services.length);
  const open = [...from];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const key = 4 * step.at + (step.here ? 2 : 0) + (step.has ? 1 : 0);
    if (seen[key] === 1) continue;
    seen[key] = 1;
    if (world.gone[step.at]) continue;
    for (const way of world.waysFrom[step.at] ?? []) {
      const next = take(world, here, overridden, step, way);
      if (next === 'wrong') return true;
      open.push(next);
    }
  }
  return false;
}

function take(
  _world: World,
  here: readonly boolean[],
  overridden: (at: number) => boolean,
  step: Step,
  { to, message, told, declared }: Way,
): Step | 'wrong' {
  const carries = step.has && declared;
  const answer = { at: to, here: here[to] === true };
  if (message) {
    // Only a consumer of this environment's own hears a queue of its own.
    if (step.here) return here[to] ? { ...answer, has: carries } : 'wrong';
    if (carries) return { ...answer, has: true };
    return overridden(to) ? 'wrong' : { ...answer, has: false };
  }
  if (told) {
    if (step.here || carries) return { ...answer, has: true };
    return overridden(to) ? 'wrong' : { ...answer, has: false };
  }
  if (step.here) return { ...answer, has: carries };
  return overridden(to) ? 'wrong' : { ...answer, has: carries };
}

function worldOf({ services, root }: Composition, difference: Difference): World {
  const index = new Map(services.map(({ name }, at) => [name, at]));
  const gone = services.map((service) => isGone(service, services, difference));
  const edges = services.flatMap(({ removed, spec }, from) =>
    removed
      ? []
      : spec.dependsOn.map((dependency) => ({ from, to: index.get(dependency.service) as number, dependency })),
  );
  const live = edges.filter(({ from }) => !gone[from]);
  const deaf = new Set(
    live
      .filter(({ dependency: { kind } }) => kind === 'publishes' || kind === 'consumes')
      .filter(
        ({ from, to, dependency }) =>
          !dependency.propagates || (dependency.kind === 'consumes' && anew(services[from], services[to], difference)),
      )
      .map(({ to }) => to),
  );
  const ways = live
    .map(({ from, to, dependency }) => wayOf(from, to, dependency, deaf))
    .filter(({ from }) => !gone[from]);
  const present = [...services.keys()].filter((at) => !gone[at]);
  const exposed = present.filter((at) => services[at]?.spec.expose);
  const uncalled = present.filter((at) => !ways.some(({ to }) => to === at));
  const entries = exposed.length > 0 ? exposed : uncalled.length > 0 ? uncalled : present;
  const reached = new Set(entries);
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const { from, to } of ways) if (reached.has(from)) reached.add(to);
  }
  const travelled = ways.filter(({ from }) => reached.has(from));
  const between = live.filter(({ to }) => !gone[to]);
  return {
    services,
    gone,
    differs: services.map(({ removed, remote }) => {
      const elsewhere = remote !== null && (remote.tier === 'explicit provider mapping' || remote.env !== root);
      return removed || elsewhere;
    }),
    waysFrom: services.map((_, at) => travelled.filter(({ from }) => from === at)),
    entries,
    steals: between
      .filter(
        ({ from, to, dependency }) =>
          dependency.kind === 'consumes' && !(reached.has(to) && !deaf.has(to)) && from !== to,
      )
      .map(({ from, to }) => [from, to] as const),
    unbridged: between
      .filter(({ dependency }) => dependency.protocol === 'udp')
      .map(({ from, to }) => [from, to] as const),
  };
}

function anew(
  consumer: ComposedService | undefined,
  queue: ComposedService | undefined,
  difference: Difference,
): boolean {
  const changes = difference.services.find(({ service }) => service === consumer?.name)?.changes ?? [];
  return changes.some(({ pointer }) => pointer === `/dependsOn/${queue?.name}`);
}

function wayOf(
  from: number,
  to: number,
  { kind, protocol, propagates }: DependencySpec,
  deaf: ReadonlySet<number>,
): Way {
  if (kind === 'consumes')
    return { from: to, to: from, message: true, told: false, declared: propagates && !deaf.has(to) };
  return { from, to, message: false, told: protocol === 'http', declared: propagates };
}

function mustRunHere({ name, spec, remote }: ComposedService, difference: Difference): boolean {
  // Declared for its ports alone: somebody else was named to run it.
  if (spec.run === undefined && remote?.tier === 'explicit provider mapping') return false;
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

function isGone(service: ComposedService, services: readonly ComposedService[], difference: Difference): boolean {
  if (service.removed) return true;
  if (service.remote !== null) return false;
  const dependents = services
    .filter(({ removed }) => !removed)
    .flatMap(({ spec }) => spec.dependsOn)
    .filter((dependency) => dependency.service === service.name);
  const optional = dependents.length > 0 && dependents.every(({ required }) => !required);
  return optional && stateOf(service.name, difference) !== 'changed' && mustNotRunHere(service, difference);
}

function priceOf(world: World, here: readonly boolean[], context: readonly boolean[], facts: Facts): number {
  const { services, gone } = world;
  const { prices, expectedHours: hours } = facts;
  const pairs = new Set<string>();
  let writes = 0;
  const bridged = new Set<string>();
  services.forEach(({ removed, spec }, from) => {
    if (removed || gone[from]) return;
    for (const { service, kind } of spec.dependsOn) {
      const to = services.findIndex(({ name }) => name === service);
      if (!here[from] || here[to] || gone[to]) continue;
      bridged.add(service);
      if (kind === 'writes') writes += 1;
    }
  });
  for (const { from, to, told } of world.waysFrom.flat())
    if (told && !here[from] && context[to]) pairs.add(`${from} ${to}`);
  const local = services.reduce(
    (sum, { spec }, at) =>
      sum + (here[at] ? hours * runningMicros(spec.resources, prices) + (prices.startMicros ?? 0) : 0),
    0,
  );
  const perHour =
    bridged.size * prices.bridgeHourMicros +
    writes * (prices.sharedWriteHourMicros ?? 0) +
    pairs.size * (prices.routeHourMicros ?? 0);
  return local + hours * perHour;
}

function runningMicros(resources: ComposedService['spec']['resources'], prices: PriceTable): number {
  const half = (exact: number): number => Math.floor(exact + 0.5);
  return (
    half((resources.cpuMillicores * prices.cpuCoreHourMicros) / 1_000) +
    half((resources.memoryBytes * prices.memoryGiBHourMicros) / 1024 ** 3) +
    half((resources.storageBytes * prices.storageGiBHourMicros) / 1024 ** 3) +
    prices.instanceHourMicros
  );
}
