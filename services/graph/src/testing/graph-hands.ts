import type { Bus, Message } from '@microstax/bus/bus';
import { activationApproved } from '@microstax/contracts/activation-approved';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { blueprintAccepted } from '@microstax/contracts/blueprint-accepted';
import { type Bundle, bundleOf } from '@microstax/contracts/bundle';
import type { CommandVerb } from '@microstax/contracts/command';
import { activationRef } from '@microstax/contracts/fields';
import type { AppendReply, ClaimReply, WakeReply } from '@microstax/contracts/graph-requests';
import type { Query, QueryReply } from '@microstax/contracts/queries';
import { commandSubject } from '@microstax/contracts/subjects';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { ArtifactKind, Digest } from '@microstax/model/digest';
import type { JournalEvent } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import type { Revision } from '@microstax/model/revision';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import type { Changes } from '../core/changes.ts';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { activationAt, answerAt, environmentAt } from '../core/places.ts';
import { answerAppend } from '../shell/answer-append.ts';
import { answerClaim } from '../shell/answer-claim.ts';
import { answerQuery } from '../shell/answer-query.ts';
import { answerWake } from '../shell/answer-wake.ts';
import { BusMemory } from '../shell/bus-memory.ts';
import { ClaimDesk } from '../shell/claim-desk.ts';
import { CommitBell } from '../shell/commit-bell.ts';
import type { Graph } from '../shell/graph.ts';
import { KeyedTurns } from '../shell/keyed-turns.ts';
import { LeaseBook } from '../shell/lease-book.ts';
import { onActivationApproved } from '../shell/on-activation-approved.ts';
import { onBlueprintAccepted } from '../shell/on-blueprint-accepted.ts';
import { onCommand } from '../shell/on-command.ts';
import type { GraphStore } from '../shell/store/graph-store.ts';
import { type Committed, Reader, transactOn } from '../shell/transact.ts';
import { thinDecisions } from './thin-decisions.ts';

const owner = { host: 'test', pid: 1, startTime: '1', bootId: 'boot' };

/** The handlers of the graph over a store, without a bus: messages are handed to them, and nobody relays. */
export class GraphHands {
  readonly graph: Graph;
  #sequence = 0;
  #nowMs = 1_000;

  constructor(store: GraphStore, onCommitted: (changes: Changes) => void = () => undefined) {
    const bell = new CommitBell();
    const desk = new ClaimDesk();
    const later = ({ changes }: Committed): void => {
      bell.ring(changes);
      onCommitted(changes);
    };
    const transact = transactOn(store, { later });
    const clock = {
      now: () => ++this.#nowMs,
      monotonicMs: () => this.#nowMs,
      delay: () => new Promise<void>((resolve) => setImmediate(resolve)),
    };
    const parts = { leases: new LeaseBook(), memory: new BusMemory(), turns: new KeyedTurns() };
    this.graph = { store, transact, bus: noBus, log: silentLog, clock, bell, desk, ...parts };
  }

  /** Moves the clock on. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Submits declarations as intake says them; gives the recorded answer. */
  async accept(revision: Revision): Promise<SubmissionAnswer> {
    const sequence = ++this.#sequence;
    const { env } = revision;
    const id = `s-${sequence}`;
    const body = {
      org,
      env,
      submission: id,
      order: { incarnation: 1, sequence },
      actor: { name: 'local', proof: 'loopback' } as const,
      receivedAt: 1,
      source: 'blueprint' as const,
      bundle: bundleOf(sealArtifact('revision', revision)),
    };
    await onBlueprintAccepted(this.graph, messageOf(blueprintAccepted.subject(body), body, { id, sequence }));
    return this.#answer(id);
  }

  async command(
    env: string,
    verb: CommandVerb,
    options: { readonly cascade?: boolean } = {},
  ): Promise<SubmissionAnswer> {
    const sequence = ++this.#sequence;
    const id = `s-${sequence}`;
    const subject = commandSubject({ service: 'graph', org, env, verb });
    await onCommand(this.graph, messageOf(subject, options, { id, sequence }));
    return this.#answer(id);
  }

  /** What planner, resolver and validator would say of a generation, recorded; gives the approval's digest. */
  async approve(env: string, generation: number): Promise<Digest> {
    const activation = must(await this.activation(env, generation), `${env}@${generation} was derived`);
    const bundle = await this.#bundle(activation);
    const { plan, resolution, findings, approval } = thinDecisions(bundle, env);
    const { derivation } = bundle;
    const body = {
      ...activationRef(activation),
      bundle: { derivation, ...bundleOf(plan, resolution, findings, approval) },
    };
    const sequence = ++this.#sequence;
    const message = messageOf(activationApproved.subject(body), body, { id: `a-${sequence}`, sequence });
    await onActivationApproved(this.graph, message);
    return approval.digest;
  }

  claim(env: string, generation: number, approval: Digest): Promise<ClaimReply> {
    return answerClaim(this.graph, { env, generation, approval, owner }, { org });
  }

  wake(env: string): Promise<WakeReply> {
    return answerWake(this.graph, { env }, { org });
  }

  append(
    env: string,
    { execution, epoch, length }: { readonly execution: string; readonly epoch: number; readonly length: number },
    ...events: JournalEvent[]
  ): Promise<AppendReply> {
    return answerAppend(this.graph, { env, execution, epoch, length, events }, { org });
  }

  /** The way of a generation from its derivation to an outcome; gives what the claim was answered. */
  async realise(
    env: string,
    generation: number,
    outcome: 'ready' | 'failed' = 'ready',
    ...before: readonly JournalEvent[]
  ): Promise<ClaimReply> {
    const claimed = await this.claim(env, generation, await this.approve(env, generation));
    if (claimed.kind !== 'claimed') return claimed;
    await this.append(env, claimed, ...before, { type: 'finished', outcome, reason: `${outcome} in a test` });
    return claimed;
  }

  /** Declares and realises; gives the generation. */
  async apply(revision: Revision): Promise<number> {
    const answer = await this.accept(revision);
    if (answer.kind !== 'revised') throw new Error(`${revision.env} was answered ${JSON.stringify(answer)}`);
    const { kind } = await this.realise(revision.env, answer.generation);
    if (kind !== 'claimed') throw new Error(`the claim of ${revision.env} was answered "${kind}"`);
    return answer.generation;
  }

  ask(query: Query): Promise<QueryReply> {
    return answerQuery(this.graph, query, { org });
  }

  async environment(env: string): Promise<EnvironmentDocument | null> {
    const { collection, key } = environmentAt(org, env);
    return (await this.graph.store.get<EnvironmentDocument>(collection, key))?.body ?? null;
  }

  async activation(env: string, generation: number): Promise<ActivationDocument | null> {
    const { collection, key } = activationAt(org, env, generation);
    return (await this.graph.store.get<ActivationDocument>(collection, key))?.body ?? null;
  }

  async #answer(submission: string): Promise<SubmissionAnswer> {
    const { collection, key } = answerAt(org, submission);
    const row = await this.graph.store.get<{ readonly answer: SubmissionAnswer }>(collection, key);
    return must(row, `${submission} has its answer`).body.answer;
  }

  async #bundle({ artifacts }: ActivationDocument): Promise<Bundle> {
    const reader = new Reader(this.graph.store);
    const kinds: readonly ArtifactKind[] = ['revision', 'derivation', 'difference', 'composition'];
    const digests = kinds.map((kind) => must(artifacts[kind], `it has its ${kind}`));
    const found = await Promise.all(digests.map((digest) => reader.artifact(org, digest)));
    return bundleOf(...found.map((artifact) => must(artifact, 'an artifact has its bytes') as Artifact));
  }
}

const noBus = {
  telemetry: startTelemetry({ service: 'graph' }),
  openBundle: async (bundle: Bundle) => bundle,
  read: async () => [],
} as unknown as Bus;

function messageOf(
  subject: string,
  body: unknown,
  { id, sequence }: { readonly id: string; readonly sequence: number },
): Message {
  return {
    subject,
    body: new TextEncoder().encode(JSON.stringify(body)),
    stream: 'test',
    sequence,
    incarnation: 1,
    deliveries: 1,
    id,
    purpose: 'activate',
    drive: 0,
    storedAt: 1,
    header: () => undefined,
  };
}
