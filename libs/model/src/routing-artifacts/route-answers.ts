import { canonicalJson } from '../canonical-json.ts';
import { sortedBy } from '../compare.ts';
import type { Composition } from '../composition.ts';
import type { ExternalAddress } from '../external-address.ts';
import type { Resolution, ResolvedRecord } from '../resolution.ts';
import type { PortProtocol, ServiceSpec } from '../service-spec.ts';

/** One environment as a generation of it was decided. */
export type RoutedEnvironment = { readonly resolution: Resolution; readonly composition: Composition };

/** Whose callers ask, and all environments under the same root whose context values are to be told apart. */
export type RouteFamily = {
  readonly listener: RoutedEnvironment;
  /** The listener's ancestors at least; the listener itself may be among them. */
  readonly others: readonly RoutedEnvironment[];
  /** The environment among them that is sent a copy of what the listener's environment answers as its own. */
  readonly mirror?: string;
};

export type Target = {
  readonly kind: 'target';
  readonly env: string;
  readonly service: string;
  /** Numbers of its ports by name: as the target declares them where it is known, else as who leads there does. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Where an address outside answers; then `env` is the environment whose Blueprint names it. */
  readonly external?: Omit<ExternalAddress, 'region'>;
};
export type Denial = { readonly kind: 'denied'; readonly status: 403 | 404 | 503; readonly code: string };
export type Answer = Target | Denial;

export type AnsweredPort = {
  readonly name: string;
  readonly protocol: PortProtocol;
  /** What callers in the environment use, by its own spec; null where it says nothing. */
  readonly number: number | null;
};

export type ContextAnswer = {
  readonly value: string;
  readonly env: string;
  readonly answer: Answer;
  readonly mirror: Target | null;
};

/** Where requests of one service go: without a context, with each that is known, with any other. */
export type RouteAnswers = {
  readonly env: string;
  readonly service: string;
  readonly headerName: string;
  readonly record: ResolvedRecord;
  readonly ports: readonly AnsweredPort[];
  readonly own: Answer;
  /** Sorted by value. */
  readonly contexts: readonly ContextAnswer[];
  readonly unknown: Answer;
  /**
   * Who is sent a copy of a request without a context. Only the listener's own traffic is copied: without a context, with
   * its own value, and with an unknown one that is answered as if there were none.
   */
  readonly mirror: Target | null;
  readonly unknownMirror: Target | null;
};

/** The answers for every service of the listener's environment, as our router gives them (protocol 25, 26). */
export function routeAnswers(family: RouteFamily): readonly RouteAnswers[] {
  const { resolution } = family.listener;
  const known = knownEnvironments(family);
  const members = sortedBy([...known.values()], ({ context }) => context.value);
  return resolution.records.map((record) => {
    const { service } = record;
    const declared = known.get(resolution.env)?.numbers.get(service) ?? {};
    const own = answerOf(record, known);
    const unknown = unknownAnswer(resolution, service, known);
    const mirror = family.mirror === undefined ? null : mirrorOf(own, lookUp(family.mirror, service, known));
    return {
      env: resolution.env,
      service,
      headerName: resolution.context.headerName,
      record,
      ports: record.ports.map(({ name, protocol }) => ({ name, protocol, number: declared[name] ?? null })),
      own,
      contexts: members.map(({ env, context }) => {
        const answer = lookUp(env, service, known);
        return { value: context.value, env, answer, mirror: env === resolution.env ? mirror : null };
      }),
      unknown,
      mirror,
      unknownMirror: canonicalJson(unknown) === canonicalJson(own) ? mirror : null,
    };
  });
}

/** A copy to whoever answered the request already, or to nobody, would tell nothing. */
function mirrorOf(own: Answer, copy: Answer): Target | null {
  if (own.kind === 'denied' || copy.kind === 'denied') return null;
  return own.env === copy.env && own.service === copy.service ? null : copy;
}

type Known = {
  readonly env: string;
  readonly context: Resolution['context'];
  readonly records: ReadonlyMap<string, ResolvedRecord>;
  readonly numbers: ReadonlyMap<string, Target['numbers']>;
};

/** The listener wins over another generation of itself; environments of another root are told nothing by a context. */
function knownEnvironments({ listener, others }: RouteFamily): ReadonlyMap<string, Known> {
  const { root } = listener.resolution.context;
  const known = new Map<string, Known>();
  for (const { resolution, composition } of [listener, ...others]) {
    const { env, context, records } = resolution;
    if (context.root !== root || known.has(env)) continue;
    known.set(env, {
      env,
      context,
      records: new Map(records.map((record) => [record.service, record])),
      numbers: new Map(composition.services.map(({ name, spec }) => [name, numbersIn(spec)])),
    });
  }
  return known;
}

function unknownAnswer({ context }: Resolution, service: string, known: ReadonlyMap<string, Known>): Answer {
  if (context.unknown === 'deny') return { kind: 'denied', status: 404, code: 'unknown-context' };
  return lookUp(context.root, service, known);
}

/** A service that an environment has no record of is looked up in its parent's (protocol 25). */
function lookUp(env: string, service: string, known: ReadonlyMap<string, Known>): Answer {
  const seen = new Set<string>();
  for (let at: string | null = env; at !== null && !seen.has(at); ) {
    seen.add(at);
    const environment = known.get(at);
    if (environment === undefined) return { kind: 'denied', status: 503, code: 'no-table' };
    const record = environment.records.get(service);
    if (record !== undefined) return answerOf(record, known);
    at = environment.context.parent;
  }
  return { kind: 'denied', status: 404, code: 'no-record' };
}

const stepsMax = 16; // as our router

/** Where a record leads; a target that is known and led on itself is followed (protocol 25). */
function answerOf(first: ResolvedRecord, known: ReadonlyMap<string, Known>): Answer {
  let record = first;
  for (let step = 0; step <= stepsMax; step++) {
    const { env, service, target, code } = record;
    if (target === null) return { kind: 'denied', status: 403, code: code ?? 'denied' };
    if ('external' in target) {
      const { portName, port } = target.external;
      return { kind: 'target', env, service, numbers: { [portName]: port }, external: target.external };
    }
    const next = target.env === env ? undefined : known.get(target.env)?.records.get(target.service);
    if (next !== undefined) {
      record = next;
      continue;
    }
    const numbers = known.get(target.env)?.numbers.get(target.service) ?? known.get(env)?.numbers.get(service) ?? {};
    return { kind: 'target', env: target.env, service: target.service, numbers };
  }
  return { kind: 'denied', status: 503, code: 'circle' };
}

/** An answer as it is at one port: an address outside has one only. */
export function answerAt(answer: Answer, { name }: Pick<AnsweredPort, 'name'>): Answer {
  if (answer.kind === 'denied' || answer.external === undefined || answer.external.portName === name) return answer;
  return { kind: 'denied', status: 503, code: 'no-endpoint' };
}

function numbersIn({ ports }: ServiceSpec): Target['numbers'] {
  return Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]));
}
