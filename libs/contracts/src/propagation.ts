import type { Finding } from '@microstax/model/finding';
import type { DependencyKind, PortProtocol } from '@microstax/model/service-spec';
import type { EnvironmentGraph } from './graph-views.ts';
import { defineRequest } from './request-contract.ts';

/**
 * The baggage member of a probe: `<id>` at an entry, and `<id>.<env>.<service>` from there on, because the router names
 * the service that it hands the request to. So whoever calls next, and passes baggage on, is known by name.
 */
export const probeKey = 'msx-probe';

/** `id` is the probe's trace id too: 32 hexadecimal digits. */
export type ProbeMember = {
  readonly id: string;
  readonly by: { readonly env: string; readonly service: string } | null;
};

export function probeMember({ id, by }: ProbeMember): string {
  return by === null ? id : `${id}.${by.env}.${by.service}`;
}

/** undefined where it is no probe of ours: anybody may send such a member. */
export function readProbeMember(value: string): ProbeMember | undefined {
  const [, id, env, service] = /^([0-9a-f]{32})(?:\.([a-z0-9-]{1,40})\.([A-Za-z0-9_-]{1,128}))?$/.exec(value) ?? [];
  if (id === undefined) return undefined;
  return { id, by: env === undefined || service === undefined ? null : { env, service } };
}

/** What a router says on `MSX_TRAFFIC` about a probe that passes it. */
export type PropagationObserved =
  | {
      readonly kind: 'request';
      readonly probe: string;
      /** The listener. */
      readonly env: string;
      readonly service: string;
      readonly port: string;
      /** As the probe's member names it; null at an entry, and where the member is gone. */
      readonly caller: { readonly env: string; readonly service: string } | null;
      /**
       * How it was recognised: by the probe's baggage member; by its trace id alone; or by neither, and then only because
       * it came without a context while the probe was under way.
       */
      readonly evidence: 'probe' | 'trace' | 'time';
      /** The context value that came with it. */
      readonly context: string | null;
      /** The listener's own context was put on it: an overlay's listener stamps what comes without (protocol 26). */
      readonly stamped: boolean;
      /** Services that held a request of the probe just then; sorted. */
      readonly inside: readonly string[];
    }
  /** Of the router where the probe entered: everything that it caused has been answered. */
  | { readonly kind: 'answered'; readonly probe: string };

/** So many probes are judged at once. */
export const judgedProbesMax = 1_000;

export type PropagationRequest = {
  /** What is declared, as the graph says it. */
  readonly graph: EnvironmentGraph;
  /** The context value that the probes carried. */
  readonly context: string;
  readonly probes: readonly { readonly id: string; readonly entry: string }[];
  /** How long to wait for the router to have said everything. */
  readonly waitMs: number;
};

/** One dependency, as probes found it. */
export type PropagationEdge = {
  readonly from: string;
  readonly to: string;
  readonly kind: DependencyKind;
  readonly protocol: PortProtocol;
  /** Whether the Blueprint says that the context travels here. */
  readonly declared: boolean;
  readonly observed: 'carried' | 'dropped' | 'not seen';
  /** Dropped, and put on again by the listener of the environment that the caller runs in. */
  readonly stamped: boolean;
  readonly evidence: 'probe' | 'trace' | 'time' | null;
  /** One sentence: what was seen, or why nothing was. */
  readonly reason: string;
};

export type PropagationReply = {
  /** Of every service that an entry reaches; sorted by `from`, then `to`. */
  readonly edges: readonly PropagationEdge[];
  readonly findings: readonly Finding[];
  /** Services that drop the context although they are declared to pass it on; sorted. */
  readonly culprits: readonly string[];
  /** Probes that no router has finished with in time. */
  readonly unfinished: readonly string[];
};

export const propagation = defineRequest<PropagationRequest, PropagationReply>(
  'validator',
  'propagation',
  'compares where probes carried their context with what is declared',
);

export const propagationRequests = [propagation] as const;
