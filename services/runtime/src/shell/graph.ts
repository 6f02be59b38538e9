import type { Bus } from '@microstax/bus/bus';
import { BusError, Unavailable } from '@microstax/bus/bus-error';
import {
  type KeepSnapshotReply,
  keepSnapshot,
  type SnapshotItem,
  snapshotsOf,
} from '@microstax/contracts/data-requests';
import {
  type AppendReply,
  type AppendRequest,
  append,
  artifact,
  type ClaimReply,
  type ClaimRequest,
  claim,
  type DriftReply,
  type DriftRequest,
  drift,
  type EstateReply,
  estate,
  incarnationOf,
  type RenewReply,
  type RenewRequest,
  renew,
  type TakeoverReply,
  type TakeoverRequest,
  takeover,
  type WakeReply,
  wake,
} from '@microstax/contracts/graph-requests';
import type { RequestContract } from '@microstax/contracts/request-contract';
import { type ArtifactKind, type Digest, digestOfBytes } from '@microstax/model/digest';
import { defaultOrg } from '@microstax/model/names';

/** What the runtime asks of the graph. Every method rejects with `Unavailable` where the graph is away or silent. */
export interface Graph {
  claim(org: string, request: ClaimRequest): Promise<ClaimReply>;
  append(org: string, request: AppendRequest): Promise<AppendReply>;
  renew(org: string, request: RenewRequest, timeoutMs: number): Promise<RenewReply>;
  takeover(org: string, request: TakeoverRequest): Promise<TakeoverReply>;
  /** What an organisation's runtime has to look after, all of it or in one environment. */
  estate(org: string, env?: string): Promise<EstateReply>;
  drift(org: string, request: DriftRequest): Promise<DriftReply>;
  /** Asks for what sleeps to be woken; asked again it says how far that has come. */
  wake(org: string, env: string): Promise<WakeReply>;
  /** Recorded snapshots, newest first. */
  snapshots(org: string, of: { readonly env: string; readonly name?: string }): Promise<readonly SnapshotItem[]>;
  keepSnapshot(org: string, snapshot: SnapshotItem): Promise<KeepSnapshotReply>;
  /** The value behind a digest, verified; undefined where the store has none. */
  artifact<T>(org: string, kind: ArtifactKind, digest: Digest): Promise<T | undefined>;
  /** Whether the graph answers. */
  answers(): Promise<boolean>;
}

const probeTimeoutMs = 1_000;
const requestTimeoutMs = 5_000; // the graph holds a claim for up to 1 s (protocol 16)

export function graphOver(bus: Bus): Graph {
  async function ask<Request, Reply>(
    contract: RequestContract<Request, Reply>,
    org: string,
    body: Request,
    timeoutMs = requestTimeoutMs,
  ): Promise<Reply> {
    try {
      return await bus.request(contract, org, body, { timeoutMs });
    } catch (error) {
      if (error instanceof BusError && error.again) throw new Unavailable('graph', { cause: error });
      throw error;
    }
  }
  return {
    claim: (org, request) => ask(claim, org, request),
    append: (org, request) => ask(append, org, request),
    renew: (org, request, timeoutMs) => ask(renew, org, request, timeoutMs),
    takeover: (org, request) => ask(takeover, org, request),
    estate: (org, env) => ask(estate, org, { env }),
    drift: (org, request) => ask(drift, org, request),
    wake: (org, env) => ask(wake, org, { env }),
    snapshots: async (org, of) => (await ask(snapshotsOf, org, of)).items,
    keepSnapshot: (org, snapshot) => ask(keepSnapshot, org, snapshot),
    artifact: async <T>(org: string, kind: ArtifactKind, digest: Digest) => {
      const reply = await ask(artifact, org, { digest });
      if (reply === null) return undefined;
      const found = digestOfBytes(kind, reply.bytes);
      if (found !== digest) throw new Error(`Cannot open ${kind} ${digest}: its bytes have digest ${found}`);
      return JSON.parse(reply.bytes) as T;
    },
    answers: () =>
      ask(incarnationOf, defaultOrg, {}, probeTimeoutMs).then(
        () => true,
        () => false,
      ),
  };
}
