import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { activationApproved } from '@microstax/contracts/activation-approved';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { blueprintAccepted } from '@microstax/contracts/blueprint-accepted';
import { type Bundle, bundleOf } from '@microstax/contracts/bundle';
import type { CommandVerb } from '@microstax/contracts/command';
import { type EnvironmentRevised, environmentRevised } from '@microstax/contracts/environment-revised';
import { activationRef } from '@microstax/contracts/fields';
import { answerOf, append, type ClaimReply, claim } from '@microstax/contracts/graph-requests';
import { headerNames } from '@microstax/contracts/header-names';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import { blueprintSubject, commandSubject } from '@microstax/contracts/subjects';
import { buckets, environmentKey, streams } from '@microstax/contracts/topology';
import type { Approval } from '@microstax/model/approval';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { JournalEvent, Owner } from '@microstax/model/journal';
import { defaultOrg as org } from '@microstax/model/names';
import type { Revision } from '@microstax/model/revision';
import type { EnvironmentStatus } from '@microstax/model/status';
import { silentLog } from '@microstax/service/log';
import type { RunningNatsServer } from '@microstax/service/nats-server';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import type { GraphConfig } from '../config.ts';
import { type GraphOverrides, startGraph } from '../service.ts';
import { thinDecisions } from './thin-decisions.ts';

export const owner: Owner = { host: 'test', pid: 1, startTime: '1', bootId: 'boot' };

/** A graph on a server of its own, and a bus by which the test acts as all the other services. */
export class GraphBench implements AsyncDisposable {
  server: RunningNatsServer;
  readonly bus: Bus;
  readonly folder: string;
  readonly #pace: Partial<GraphConfig>;
  #graph: AsyncDisposable | undefined;
  #sequence = 0;

  constructor(server: RunningNatsServer, bus: Bus, folder: string, pace: Partial<GraphConfig> = {}) {
    this.server = server;
    this.bus = bus;
    this.folder = folder;
    this.#pace = pace;
  }

  static async start(overrides: GraphOverrides = {}, pace: Partial<GraphConfig> = {}): Promise<GraphBench> {
    const server = await startTestNats();
    const folder = await mkdtemp(join(tmpdir(), 'msx-graph-'));
    const telemetry = startTelemetry({ service: 'runtime' });
    const bus = await connectBus({ url: server.url, service: 'runtime', log: silentLog, telemetry });
    const bench = new GraphBench(server, bus, folder, pace);
    await bench.startGraph(overrides);
    return bench;
  }

  config(): GraphConfig {
    const databasePath = join(this.folder, 'graph.db');
    return {
      natsUrl: this.server.url,
      logLevel: 'silent',
      otlpEndpoint: undefined,
      databasePath,
      leaseMs: 600,
      redriveMs: 200,
      timerMs: 100,
      fanOutPerSecond: 160,
      checkpointMs: 200,
      ...this.#pace,
    };
  }

  async startGraph(overrides: GraphOverrides = {}): Promise<void> {
    this.#graph = await startGraph(this.config(), { log: silentLog, ...overrides });
  }

  async stopGraph(): Promise<void> {
    await this.#graph?.[Symbol.asyncDispose]();
    this.#graph = undefined;
  }

  /** The bus directory is gone and an empty server stands in its place. */
  async loseBus(): Promise<void> {
    const { port } = this.server;
    await this.server.stop();
    this.server = await startTestNats({ port });
  }

  /** Says a Blueprint as intake does; gives the submission's id. */
  async accept(
    revision: Revision,
    submission = `s-${++this.#sequence}`,
    purpose: 'activate' | 'preview' = 'activate',
  ): Promise<string> {
    const { sequence } = await this.bus.publishRaw({
      subject: blueprintSubject({ org: revision.org, env: revision.env }),
      body: new TextEncoder().encode(revision.env),
      id: submission,
      headers: { [headerNames.purpose]: purpose },
    });
    await this.bus.publish(
      blueprintAccepted,
      {
        org: revision.org,
        env: revision.env,
        submission,
        order: { incarnation: 1, sequence },
        actor: { name: 'local', proof: 'loopback' },
        receivedAt: 1,
        source: 'blueprint',
        bundle: bundleOf(sealArtifact('revision', revision)),
      },
      { inputId: submission, purpose },
    );
    return submission;
  }

  async command(env: string, verb: CommandVerb, options: { readonly cascade?: boolean } = {}): Promise<string> {
    const id = `c-${++this.#sequence}`;
    const body = new TextEncoder().encode(JSON.stringify(options));
    await this.bus.publishRaw({ subject: commandSubject({ service: 'graph', org, env, verb }), body, id });
    return id;
  }

  answer(submission: string): Promise<SubmissionAnswer> {
    return eventually(async () => (await this.bus.request(answerOf, org, { submission })).answer ?? undefined, {
      message: `${submission} has its answer`,
    });
  }

  async answerTo<Kind extends SubmissionAnswer['kind']>(
    submission: string,
    kind: Kind,
  ): Promise<Extract<SubmissionAnswer, { kind: Kind }>> {
    const answer = await this.answer(submission);
    if (answer.kind !== kind) throw new Error(`${submission} was answered ${JSON.stringify(answer)}, not ${kind}`);
    return answer as Extract<SubmissionAnswer, { kind: Kind }>;
  }

  /** The event that a generation was committed with. */
  async revised(env: string, generation: number): Promise<EnvironmentRevised> {
    const subject = environmentRevised.subject({ org, env });
    return eventually(
      async () => {
        const stored = await this.bus.read(streams.events.name, { filter: subject });
        const bodies = stored.map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as EnvironmentRevised);
        return bodies.find((body) => body.generation === generation);
      },
      { message: `generation ${generation} of ${env} is revised` },
    );
  }

  async traceOf(env: string): Promise<string | undefined> {
    const message = await this.bus.lastOn(streams.events.name, environmentRevised.subject({ org, env }));
    return message?.header(headerNames.traceparent)?.split('-')[1];
  }

  /** Plans, resolves and approves a generation as thinly as the graph can tell; gives the approval. */
  async approve(env: string, generation: number): Promise<Artifact<Approval>> {
    const revised = await this.revised(env, generation);
    const { bundle } = revised;
    const ref = activationRef(revised);
    const { plan, resolution, findings, approval } = thinDecisions(bundle, env);
    const { revision, facts, difference, composition } = bundle;
    const forwarded: Bundle = { revision, derivation: bundle.derivation, facts, difference, composition };
    const how = { inputId: revised.activation };
    await this.bus.publish(planDrafted, { ...ref, bundle: { ...forwarded, ...bundleOf(plan) } }, how);
    await this.bus.publish(
      resolutionRecorded,
      { ...ref, bundle: { ...forwarded, ...bundleOf(plan, resolution) } },
      how,
    );
    await this.bus.publish(
      activationApproved,
      { ...ref, bundle: { derivation: bundle.derivation, ...bundleOf(plan, resolution, findings, approval) } },
      how,
    );
    return approval;
  }

  async claim(env: string, generation: number, approval: Artifact<Approval>): Promise<ClaimReply> {
    return this.bus.request(claim, org, { env, generation, approval: approval.digest, owner });
  }

  async claimed(
    env: string,
    generation: number,
    approval: Artifact<Approval>,
  ): Promise<Extract<ClaimReply, { kind: 'claimed' }>> {
    const reply = await this.claim(env, generation, approval);
    if (reply.kind !== 'claimed')
      throw new Error(`the claim of ${env}@${generation} was answered ${JSON.stringify(reply)}`);
    return reply;
  }

  append(env: string, at: { execution: string; epoch: number; length: number }, ...events: JournalEvent[]) {
    const { execution, epoch, length } = at;
    return this.bus.request(append, org, { env, execution, epoch, length, events });
  }

  /** The whole way of one generation: approved, claimed, finished. */
  async realise(env: string, generation: number, outcome: 'ready' | 'failed' = 'ready'): Promise<void> {
    const approval = await this.approve(env, generation);
    const claimed = await this.claimed(env, generation, approval);
    const reply = await this.append(env, claimed, { type: 'finished', outcome, reason: `${outcome} in a test` });
    if (reply.kind !== 'appended') throw new Error(`the append was answered ${JSON.stringify(reply)}`);
  }

  async apply(revision: Revision): Promise<number> {
    const { generation } = await this.answerTo(await this.accept(revision), 'revised');
    await this.realise(revision.env, generation);
    return generation;
  }

  async status(env: string): Promise<EnvironmentStatus | undefined> {
    const bucket = await this.bus.bucket(buckets.environments);
    return (await bucket.get<EnvironmentStatus>(environmentKey(org, env)))?.value;
  }

  statusWhere(env: string, wanted: Partial<EnvironmentStatus>): Promise<EnvironmentStatus> {
    return eventually(
      async () => {
        const status = await this.status(env);
        if (!status) return undefined;
        const differs = Object.entries(wanted).some(
          ([name, value]) => status[name as keyof EnvironmentStatus] !== value,
        );
        return differs ? undefined : status;
      },
      { message: `${env} is ${JSON.stringify(wanted)}` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopGraph();
    await this.bus[Symbol.asyncDispose]();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
