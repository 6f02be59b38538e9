// Owns: which probes of `msx check propagation` are under way, and what is said about requests that may be theirs.
// Does not own: what they prove (the validator), where requests go.
//
// 1. A request is looked at when its baggage mentions a probe, or while a probe is under way; all others cost a comparison.
// 2. A request that is recognised by time alone may be a stranger's: nothing is written into it.
// 3. Anybody may send a probe's member, so probes and what is said of each are bounded.
import {
  type ProbeMember,
  type PropagationObserved,
  probeKey,
  probeMember,
  readProbeMember,
} from '@microstax/contracts/propagation';
import { baggageValue, parseBaggage } from '@microstax/propagate/baggage';
import type { Address, Tables } from '../core/route.ts';

const probesMax = 16;
const observationsMax = 5_000; // of one probe: a check walks an environment in one request

export type ProbedHeaders = { readonly [name: string]: string | string[] | undefined };

/** A request of a probe on its way through the router. */
export type ProbePassage = {
  /** The member that the request leaves with, which names the service that it is handed to; undefined: none. */
  member(env: string): string | undefined;
  /** The request is answered, or its client has left. */
  end(): void;
};

type Active = {
  readonly root: string;
  readonly context: string | null;
  /** It came from outside, so that everything it causes has ended when this router's requests have. */
  readonly entered: boolean;
  /** Requests that are not answered yet, by service. */
  readonly inside: Map<string, number>;
  open: number;
  said: number;
};

export class Probes {
  readonly #tables: Tables;
  readonly #active = new Map<string, Active>();
  #say: (observed: PropagationObserved) => void = () => undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Whom to tell; before this is called nobody is told. */
  sayTo(say: (observed: PropagationObserved) => void): void {
    this.#say = say;
  }

  /** A request at a listener with the context value that came with it; undefined where it concerns no probe. */
  begin(address: Address, headers: ProbedHeaders, context: string | undefined): ProbePassage | undefined {
    const mentioned = mentionsProbe(headers.baggage);
    if (!mentioned && this.#active.size === 0) return undefined; // invariant 1
    const root = this.#tables.table(address.env)?.table.context.root;
    if (root === undefined) return undefined;
    const member = mentioned ? memberOf(headers.baggage) : undefined;
    if (member !== undefined) {
      const active = this.#active.get(member.id) ?? this.#start(member, root, context ?? null);
      const evidence = { evidence: 'probe', caller: member.by } as const;
      return active && this.#pass(member.id, active, { ...evidence, address, root, context });
    }
    const traced = traceIdOf(headers.traceparent);
    const active = traced === undefined ? undefined : this.#active.get(traced);
    if (traced !== undefined && active !== undefined)
      return this.#pass(traced, active, { evidence: 'trace', caller: null, address, root, context });
    return this.#perhaps(address, root, context);
  }

  /** Nothing says whose it is; it came while probes were under way, with their context or with none. */
  #perhaps(address: Address, root: string, context: string | undefined): ProbePassage | undefined {
    const passages = [...this.#active]
      .filter(([, one]) => one.root === root && (context === undefined || context === one.context))
      .map(([id, one]) => this.#pass(id, one, { evidence: 'time', caller: null, address, root, context }));
    if (passages.length === 0) return undefined;
    return {
      member: () => undefined, // invariant 2
      end: () => {
        for (const passage of passages) passage.end();
      },
    };
  }

  #start({ id, by }: ProbeMember, root: string, context: string | null): Active | undefined {
    if (this.#active.size >= probesMax) return undefined; // invariant 3
    const active: Active = { root, context, entered: by === null, inside: new Map(), open: 0, said: 0 };
    this.#active.set(id, active);
    return active;
  }

  #pass(id: string, active: Active, request: Recognised): ProbePassage {
    const { address, evidence, caller, root, context = null } = request;
    const { service, port } = address;
    if (active.said < observationsMax) {
      const inside = [...active.inside.keys()].sort();
      const stamped = context === null && address.env !== root;
      this.#say({
        kind: 'request',
        probe: id,
        ...{ env: address.env, service, port },
        caller,
        evidence,
        context,
        stamped,
        inside,
      });
    }
    active.said += 1;
    active.open += 1;
    active.inside.set(service, (active.inside.get(service) ?? 0) + 1);
    let ended = false;
    return {
      member: (env) => probeMember({ id, by: { env, service } }),
      end: () => {
        if (ended) return;
        ended = true;
        this.#end(id, active, service);
      },
    };
  }

  #end(id: string, active: Active, service: string): void {
    const left = (active.inside.get(service) ?? 1) - 1;
    if (left > 0) active.inside.set(service, left);
    else active.inside.delete(service);
    active.open -= 1;
    if (active.open > 0) return;
    this.#active.delete(id);
    if (active.entered) this.#say({ kind: 'answered', probe: id });
  }
}

type Recognised = {
  readonly address: Address;
  readonly evidence: 'probe' | 'trace' | 'time';
  readonly caller: { readonly env: string; readonly service: string } | null;
  readonly root: string;
  readonly context: string | undefined;
};

function mentionsProbe(baggage: string | string[] | undefined): boolean {
  return typeof baggage === 'string' ? baggage.includes(probeKey) : (baggage?.some(mentionsProbe) ?? false);
}

function memberOf(baggage: string | string[] | undefined): ReturnType<typeof readProbeMember> {
  const value = baggageValue(parseBaggage([baggage ?? []].flat().join(',')), probeKey);
  return value === undefined ? undefined : readProbeMember(value);
}

/** The trace that a request says it belongs to. */
function traceIdOf(traceparent: string | string[] | undefined): string | undefined {
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined;
}
