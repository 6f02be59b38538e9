// The oracle of difference and composition: every answer looked up anew, name by name, level by level, from the
// revisions alone. It shares no code with the engine, and is as slow as it is plain.
import type { Revision } from '@microstax/model/revision';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { aService } from '@microstax/testkit/blueprints';

export type NaiveService = { readonly spec: ServiceSpec; readonly owner: string };

/** What a name means at the last of these levels (root first). */
export function naiveService(levels: readonly Revision[], name: string): NaiveService | undefined {
  let found: NaiveService | undefined;
  for (const { env, services } of levels) {
    const said = services.find((declaration) => declaration.name === name);
    if (said?.kind === 'remove') found = undefined;
    if (said?.kind !== 'run') continue;
    const isAnother = found === undefined || text(ownership(found.spec)) !== text(ownership(said.spec));
    found = { spec: said.spec, owner: isAnother ? env : (found?.owner ?? env) };
  }
  return found;
}

export function naiveNames(levels: readonly Revision[]): string[] {
  const names = levels.flatMap(({ services }) => services.map(({ name }) => name));
  return [...new Set(names)].filter((name) => naiveService(levels, name) !== undefined).sort();
}

/** What makes another provider of a service: behaviour, contract and data. */
function ownership(spec: ServiceSpec) {
  const { resources, replicas, sharing, expose, description, labels, ...rest } = spec;
  return rest;
}

export type NaiveState = { readonly state: string; readonly path?: readonly string[] };

/** State and shortest path by trying every edge again until nothing gets shorter, or as short and earlier by name. */
export function naiveDifference(levels: readonly Revision[]): Record<string, NaiveState> {
  const above = levels.slice(0, -1);
  const names = [...new Set([...naiveNames(above), ...naiveNames(levels)])].sort();
  const own = (name: string): string => {
    const [was, is] = [naiveService(above, name), naiveService(levels, name)];
    if (was === undefined || is === undefined) return was === undefined ? 'added' : 'removed';
    return text(was.spec) === text(is.spec) ? 'unchanged' : 'changed';
  };
  const ways = new Map(names.filter((name) => own(name) !== 'unchanged').map((name) => [name, [name]]));
  for (let shorter = true; shorter; ) {
    shorter = false;
    for (const name of names)
      for (const { service } of naiveService(levels, name)?.spec.dependsOn ?? []) {
        const [way, known] = [ways.get(service), ways.get(name)];
        if (way === undefined || known?.length === 1) continue;
        const other = [name, ...way];
        if (known !== undefined && !isBetter(other, known)) continue;
        ways.set(name, other);
        shorter = true;
      }
  }
  const stateOf = (name: string): NaiveState => {
    const path = ways.get(name);
    return path !== undefined && path.length > 1 ? { state: 'impacted', path } : { state: own(name) };
  };
  return Object.fromEntries(names.map((name) => [name, stateOf(name)]));
}

function isBetter(way: readonly string[], known: readonly string[]): boolean {
  return way.length < known.length || (way.length === known.length && way.join(' ') < known.join(' '));
}

export type NaiveCandidate = { readonly env: string; readonly tier: string; readonly code: string | undefined };
export type NaiveComposed = {
  readonly owner: string;
  readonly removed: boolean;
  readonly candidates: NaiveCandidate[];
};

/** Who could provide each service, and why not. `outside` are roots of their own; `holders` of each pool are others. */
export function naiveComposition(
  levels: readonly Revision[],
  outside: readonly Revision[],
  holders: number,
): Record<string, NaiveComposed> {
  const depth = levels.length - 1;
  const own = levels[depth] as Revision;
  const above = levels.slice(0, -1).reverse(); // nearest first
  const upTo = (env: string): readonly Revision[] | undefined => {
    const inside = levels.slice(0, -1).findIndex((level) => level.env === env);
    if (inside >= 0) return levels.slice(0, inside + 1);
    const stranger = outside.find((other) => other.env === env);
    return stranger === undefined ? undefined : [stranger];
  };
  const addresses = levels.flatMap(({ routing }) => Object.entries(routing.externals ?? {}));
  const written = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;
  const addressOf = (text: string) => addresses.find(([, address]) => written(address) === text)?.[1];
  const mapped = (level: Revision, name: string): string | undefined => {
    const there = Object.entries(level.routing.externals ?? {}).find(([service]) => service === name)?.[1];
    return there === undefined
      ? Object.entries(level.routing.providers).find(([service]) => service === name)?.[1]
      : written(there);
  };
  const has = (env: string, name: string): NaiveService | undefined => {
    const address = addressOf(env);
    if (address === undefined) return naiveService(upTo(env) ?? [], name);
    const { portName, port: containerPort, protocol } = address;
    return {
      owner: env,
      spec: aService(name, { ports: [{ name: portName, containerPort, protocol }], dependsOn: [] }),
    };
  };
  const callers = naiveNames(levels).map((name) => naiveService(levels, name)?.spec as ServiceSpec);
  const allowed = [own, ...above].map(({ residency }) => residency?.allowed).find((list) => list !== undefined);
  const regionOf = (env: string) =>
    addressOf(env)?.region ??
    [...(upTo(env) ?? [])]
      .reverse()
      .map(({ residency }) => residency?.region)
      .find((region) => region !== undefined);

  type Given = { env: string; tier: string; envs: string[]; spec: ServiceSpec | undefined };
  const lacks = (pool: string): string | undefined => {
    const terms = Object.entries(own.routing.poolTerms ?? {}).find(([env]) => env === pool)?.[1];
    const labels = Object.entries(upTo(pool)?.at(-1)?.labels ?? {});
    for (const [label, wanted] of Object.entries(terms?.labels ?? {}))
      if (!labels.some(([name, value]) => name === label && value === wanted)) return 'labels-differ';
    return terms?.capacity !== undefined && terms.capacity <= holders ? 'pool-full' : undefined;
  };

  const judge = (name: string, given: Given, spec: ServiceSpec, here: ServiceSpec): string | undefined => {
    const { envs, tier } = given;
    for (const env of envs)
      if (allowed !== undefined && !allowed.some((region) => region === regionOf(env))) return 'residency';
    const lacking = tier === 'shared provider pool' ? lacks(given.env) : undefined;
    if (lacking !== undefined) return lacking;
    if (spec.run === undefined) return 'no-spec';
    if (spec.sharing === 'deny' || here.sharing === 'deny') return 'sharing-denied';
    for (const caller of callers) {
      if (caller.name === name) continue;
      for (const { service, kind, port, protocol, contract } of caller.dependsOn) {
        if (service !== name) continue;
        const named = spec.ports.filter((other) => other.name === port);
        if (port !== undefined && named.length === 0) return 'port-missing';
        if (port !== undefined && named[0]?.protocol !== protocol) return 'protocol-mismatch';
        if (port === undefined && kind === 'calls')
          if (here.ports.some((p) => p.protocol === protocol) && !spec.ports.some((p) => p.protocol === protocol))
            return 'protocol-mismatch';
        if (contract !== undefined && !serves(spec.contract?.version, contract)) return 'contract-incompatible';
      }
    }
    return undefined;
  };

  const tierOf = (index: number): string => (index === above.length - 1 ? 'baseline' : 'inherited ancestor');
  const first = (name: string): Given[] => {
    const env = mapped(own, name);
    if (env === undefined) return [];
    return [
      { env, tier: 'explicit provider mapping', envs: [env], spec: env === own.env ? undefined : has(env, name)?.spec },
    ];
  };
  const last = (name: string): Given[] =>
    [...own.routing.pools].sort().flatMap((env) => {
      const spec = has(env, name)?.spec;
      return env === own.env || spec === undefined ? [] : [{ env, tier: 'shared provider pool', envs: [env], spec }];
    });
  const inherited = (name: string, from: number): Given[] => {
    const given: Given[] = [];
    for (let index = from; index < above.length; index++) {
      const level = above[index] as Revision;
      const service = has(level.env, name);
      if (service === undefined) break;
      const elsewhere = mapped(level, name);
      const there = elsewhere === undefined ? undefined : has(elsewhere, name);
      const [env, tier] = [level.env, tierOf(index)];
      if (elsewhere !== undefined && there !== undefined)
        given.push({ env, tier, envs: [env, elsewhere], spec: there.spec });
      else if (service.owner === env) given.push({ env, tier, envs: [env], spec: service.spec });
    }
    return given;
  };
  const takes = (level: Revision, name: string): boolean =>
    level.services.some((declaration) => declaration.kind === 'remove' && declaration.name === name);
  const relayed = (name: string): Given[] => {
    const given: Given[] = [];
    if (takes(own, name)) return given;
    for (const [index, level] of above.entries()) {
      if (takes(level, name)) break;
      const envs =
        mapped(level, name) === undefined ? [...level.routing.pools].sort() : [mapped(level, name) as string];
      const elsewhere = envs.find((env) => has(env, name) !== undefined);
      if (elsewhere !== undefined)
        given.push({
          env: level.env,
          tier: tierOf(index),
          envs: [level.env, elsewhere],
          spec: has(elsewhere, name)?.spec,
        });
    }
    return given;
  };
  const judged = (name: string, given: readonly Given[], here: ServiceSpec): NaiveCandidate[] =>
    given.map((one) => {
      const { env, tier, spec } = one;
      return { env, tier, code: spec === undefined ? 'not-declared' : judge(name, one, spec, here) };
    });

  const composed: Record<string, NaiveComposed> = {};
  const put = (name: string, service: NaiveComposed): void => {
    Object.defineProperty(composed, name, { value: service, enumerable: true });
  };
  for (const name of naiveNames(levels)) {
    const { spec, owner } = naiveService(levels, name) as NaiveService;
    const given = [...first(name), ...inherited(name, 0), ...last(name)];
    put(name, { owner, removed: false, candidates: judged(name, given, spec) });
  }
  const everyName = levels.flatMap(({ services, routing }) => [
    ...services.map(({ name }) => name),
    ...Object.keys(routing.providers),
    ...Object.keys(routing.externals ?? {}),
  ]);
  for (const name of new Set([...everyName, ...callers.flatMap(({ dependsOn }) => dependsOn.map((d) => d.service))])) {
    if (Object.hasOwn(composed, name)) continue;
    const removal = removalOf(name);
    if (removal !== undefined) {
      const given = [...first(name), ...inherited(name, removal.index), ...last(name)];
      const candidates = given.map(({ env, tier }) => ({ env, tier, code: 'removed-here' }));
      put(name, { owner: removal.by, removed: true, candidates });
      continue;
    }
    const isNamed =
      callers.some(({ dependsOn }) => dependsOn.some(({ service }) => service === name)) ||
      levels.some((level) => mapped(level, name) !== undefined);
    const given = isNamed ? [...first(name), ...relayed(name), ...last(name)] : [];
    const answering = given.find(({ spec }) => spec !== undefined);
    if (answering?.spec === undefined) continue;
    const owner = has(answering.envs.at(-1) as string, name)?.owner as string;
    put(name, { owner, removed: false, candidates: judged(name, given, answering.spec) });
  }
  return composed;

  /** The nearest level that took it away from its parent, unless a nearer one maps it. */
  function removalOf(name: string): { by: string; index: number } | undefined {
    for (let level = depth; level > 0; level--) {
      const { env } = levels[level] as Revision;
      if (takes(levels[level] as Revision, name) && naiveService(levels.slice(0, level), name) !== undefined)
        return { by: env, index: depth - level };
      if (mapped(levels[level] as Revision, name) !== undefined) return undefined;
    }
    return undefined;
  }
}

function serves(offered: string | undefined, asked: string): boolean {
  const [major, minor = '0'] = (offered ?? '').split('.');
  const [wantedMajor, wantedMinor = '0'] = asked.split('.');
  return offered !== undefined && major === wantedMajor && Number(minor) >= Number(wantedMinor);
}

/** Equal text, equal meaning: keys in order, lists as they are. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
