import { dirname, join } from 'node:path';
import type { Message, Outcome } from '@microstax/bus/bus';
import { endpoint } from '@microstax/bus/bus';
import { joinBus } from '@microstax/bus/join-bus';
import { auditConsistency, auditExport, auditProof } from '@microstax/contracts/audit-requests';
import { keepSnapshot, snapshotsOf } from '@microstax/contracts/data-requests';
import {
  answerOf,
  append,
  artifact,
  claim,
  closureOf,
  drift,
  estate,
  identify,
  incarnationOf,
  renew,
  storedRevision,
  takeover,
  wake,
} from '@microstax/contracts/graph-requests';
import { underParent } from '@microstax/contracts/plan-requests';
import { keepPrediction, pastChanges, predictionsOf } from '@microstax/contracts/predict-requests';
import { query } from '@microstax/contracts/queries';
import { type DurableDefinition, durables } from '@microstax/contracts/topology';
import { must } from '@microstax/model/must';
import { defaultDriver, runtimeFactOf } from '@microstax/model/runtime-fact';
import { type Clock, systemClock } from '@microstax/service/clock';
import { createLog, type Log } from '@microstax/service/log';
import type { GraphConfig } from './config.ts';
import type { Changes } from './core/changes.ts';
import type { Installation } from './core/derive-state.ts';
import type { EnvironmentDocument } from './core/documents.ts';
import type { OutboxRow } from './core/outbox.ts';
import { projectionsWereRebuilt } from './events.ts';
import { answerAppend } from './shell/answer-append.ts';
import { answerAuditConsistency, answerAuditExport, answerAuditProof } from './shell/answer-audit.ts';
import { answerClaim } from './shell/answer-claim.ts';
import { answerDrift } from './shell/answer-drift.ts';
import { answerIdentify } from './shell/answer-identify.ts';
import { answerKeepPrediction, answerPastChanges, answerPredictions } from './shell/answer-predictions.ts';
import { answerQuery } from './shell/answer-query.ts';
import { answerAnswer, answerArtifact, answerEstate } from './shell/answer-reads.ts';
import { answerRenew } from './shell/answer-renew.ts';
import { answerKeepSnapshot, answerSnapshots } from './shell/answer-snapshots.ts';
import { answerClosure, answerRevision } from './shell/answer-sources.ts';
import { answerTakeover } from './shell/answer-takeover.ts';
import { answerUnderParent } from './shell/answer-under-parent.ts';
import { answerWake } from './shell/answer-wake.ts';
import { openAuditKey } from './shell/audit/audit-key.ts';
import { AuditLogs } from './shell/audit/audit-logs.ts';
import { BusMemory } from './shell/bus-memory.ts';
import { ClaimDesk } from './shell/claim-desk.ts';
import { CommitBell } from './shell/commit-bell.ts';
import type { Graph } from './shell/graph.ts';
import { KeyedTurns } from './shell/keyed-turns.ts';
import { LeaseBook } from './shell/lease-book.ts';
import { followOpenExecutions, startLeases } from './shell/lease-loop.ts';
import type { Loop } from './shell/loop.ts';
import { onActivationApproved } from './shell/on-activation-approved.ts';
import { onActivationDenied } from './shell/on-activation-denied.ts';
import { onBlueprintAccepted } from './shell/on-blueprint-accepted.ts';
import { onBlueprintRejected } from './shell/on-blueprint-rejected.ts';
import { onCommand } from './shell/on-command.ts';
import { onDeadLetter } from './shell/on-dead-letter.ts';
import { onMessageExhausted } from './shell/on-message-exhausted.ts';
import { onPlanDrafted } from './shell/on-plan-drafted.ts';
import { onPlanRefused } from './shell/on-plan-refused.ts';
import { onResolutionRecorded } from './shell/on-resolution-recorded.ts';
import { onStrayCommand } from './shell/on-stray-command.ts';
import { startOpening } from './shell/opening.ts';
import { startPruning } from './shell/prune-loop.ts';
import { readPolicies, readPrices } from './shell/read-installation.ts';
import { rebuildProjections } from './shell/rebuild-projections.ts';
import { startRedrive } from './shell/redrive-loop.ts';
import { type Relay, startRelay } from './shell/relay.ts';
import { startStatusWriter } from './shell/status-writer.ts';
import { openGraphStore } from './shell/store/open-graph-store.ts';
import { type CommitNote, watchedStore } from './shell/store/watched-store.ts';
import { startTimers } from './shell/timer-loop.ts';
import { type Committed, transactOn } from './shell/transact.ts';

export type GraphOverrides = {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Protocol 33: awaited before each handler. */
  readonly gate?: (message: Message) => Promise<void>;
  /** Hears how long each commit of the store took. */
  readonly onCommit?: (note: CommitNote) => void;
};

const service = 'graph';

/** Opens the store and the bus and keeps the record. Settles once it hears and answers; disposing finishes what it began. */
export async function startGraph(config: GraphConfig, overrides: GraphOverrides = {}): Promise<AsyncDisposable> {
  const { clock = systemClock, gate } = overrides;
  const log = overrides.log ?? createLog({ service, level: config.logLevel });
  const owned = new AsyncDisposableStack();
  try {
    const plain = owned.use(await openGraphStore(config));
    const store = overrides.onCommit ? watchedStore(plain, overrides.onCommit) : plain;
    const bus = await joinBus(owned, { service, log, natsUrl: config.natsUrl, otlpEndpoint: config.otlpEndpoint });

    const audit = owned.use(await startAudit(config, { store, log, clock }));
    const followers: ((committed: Committed) => void)[] = [];
    const installation = await installationOf(config);
    const hear = (committed: Committed): void => {
      for (const follow of followers) follow(committed);
    };
    let relay: Relay | undefined;
    const atOnce = (committed: Committed): void => relay && relayAll(committed, relay);
    const transact = transactOn(store, { atOnce, later: hear }, installation);
    const bell = new CommitBell();
    const graph: Graph = {
      store,
      transact,
      bus,
      log,
      clock,
      leases: new LeaseBook(),
      memory: new BusMemory(),
      bell,
      desk: new ClaimDesk(),
      turns: new KeyedTurns(),
      installation,
    };
    if (config.rebuild) projectionsWereRebuilt(log, await rebuildProjections(graph));
    await followOpenExecutions(graph);
    const status = owned.use(startStatusWriter(graph));
    const opened: (() => void)[] = [];
    const onOpened = async (): Promise<void> => {
      await status.refill();
      for (const wake of opened) wake();
    };
    const opening = owned.use(await startOpening(graph, onOpened));
    await status.refill();
    relay = owned.use(await startRelay(graph));
    const timers = owned.use(startTimers(graph, config));
    owned.use(startLeases(graph, config));
    if (config.retention) owned.use(startPruning(graph, config.retention));
    const redrive = owned.use(startRedrive(graph, config));
    followers.push(
      ({ changes }) => bell.ring(changes),
      ({ changes }) => status.follow(changes),
      ({ changes }) => wakeFor(changes, timers),
      ({ changes }) => followLeases(changes, graph),
      ({ appended }) => audit.follow(appended),
    );
    opened.push(() => redrive.wake());

    for (const [durable, handle] of hears(graph)) {
      const remembering = async (message: Message): Promise<Outcome> => {
        const outcome = await handle(message);
        graph.memory.noteMessage(message);
        return outcome;
      };
      const options = {
        ...(gate === undefined ? {} : { gate }),
        ...(lingering.has(durable) ? { concurrency: 32 } : {}),
      };
      owned.use(await bus.consume(durable, remembering, options));
    }
    owned.use(await bus.serve([...answers(graph, () => opening.current()), ...auditAnswers(audit)]));
    return owned;
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

type Handle = (message: Message) => Promise<Outcome>;

/** Their handlers mostly wait, to let the next stages go first. */
const lingering: ReadonlySet<DurableDefinition> = new Set([durables.graphPlanner, durables.graphResolver]);

function hears(graph: Graph): readonly (readonly [DurableDefinition, Handle])[] {
  const by = (handlers: Readonly<Record<string, (graph: Graph, message: Message) => Promise<Outcome>>>): Handle => {
    return async (message) => {
      const last = message.subject.slice(message.subject.lastIndexOf('.') + 1);
      return handlers[last]?.(graph, message) ?? { kind: 'done' };
    };
  };
  return [
    [durables.graphIntake, by({ accepted: onBlueprintAccepted, rejected: onBlueprintRejected })],
    [durables.graphPlanner, by({ drafted: onPlanDrafted, refused: onPlanRefused })],
    [durables.graphResolver, by({ recorded: onResolutionRecorded })],
    [durables.graphValidator, by({ approved: onActivationApproved, denied: onActivationDenied })],
    [durables.graphCommand, (message) => onCommand(graph, message)],
    [durables.graphStrayCommand, (message) => onStrayCommand(graph, message)],
    [durables.graphAdvisory, (message) => onMessageExhausted(graph, message)],
    [durables.graphDeadLetter, (message) => onDeadLetter(graph, message)],
  ];
}

async function installationOf({ runtime, policiesPath, pricesPath }: GraphConfig): Promise<Installation> {
  return {
    runtime: runtime ?? must(runtimeFactOf(defaultDriver), 'the default driver is one'),
    ...(policiesPath === undefined ? {} : { policies: await readPolicies(policiesPath) }),
    ...(pricesPath === undefined ? {} : { prices: await readPrices(pricesPath) }),
  };
}

function answers(graph: Graph, incarnation: () => Promise<number>) {
  return [
    endpoint(identify, (request, about) => answerIdentify(graph, request, about)),
    endpoint(answerOf, (request, about) => answerAnswer(graph, request, about)),
    endpoint(incarnationOf, async () => ({ incarnation: await incarnation() })),
    endpoint(claim, (request, about) => answerClaim(graph, request, about)),
    endpoint(append, (request, about) => answerAppend(graph, request, about)),
    endpoint(renew, (request, about) => answerRenew(graph, request, about)),
    endpoint(takeover, (request, about) => answerTakeover(graph, request, about)),
    endpoint(estate, (request, about) => answerEstate(graph, request, about)),
    endpoint(drift, (request, about) => answerDrift(graph, request, about)),
    endpoint(wake, (request, about) => answerWake(graph, request, about)),
    endpoint(artifact, (request, about) => answerArtifact(graph, request, about)),
    endpoint(storedRevision, (request, about) => answerRevision(graph, request, about)),
    endpoint(closureOf, (request, about) => answerClosure(graph, request, about)),
    endpoint(query, (request, about) => answerQuery(graph, request, about)),
    endpoint(underParent, (request, about) => answerUnderParent(graph, request, about)),
    endpoint(pastChanges, (request, about) => answerPastChanges(graph, request, about)),
    endpoint(keepPrediction, (request, about) => answerKeepPrediction(graph, request, about)),
    endpoint(keepSnapshot, (request, about) => answerKeepSnapshot(graph, request, about)),
    endpoint(snapshotsOf, (request, about) => answerSnapshots(graph, request, about)),
    endpoint(predictionsOf, (request, about) => answerPredictions(graph, request, about)),
  ];
}

function auditAnswers(audit: AuditLogs) {
  return [
    endpoint(auditProof, (request, about) => answerAuditProof({ audit }, request, about)),
    endpoint(auditConsistency, (request, about) => answerAuditConsistency({ audit }, request, about)),
    endpoint(auditExport, (request, about) => answerAuditExport({ audit }, request, about)),
  ];
}

function startAudit(config: GraphConfig, parts: Pick<Graph, 'store' | 'log' | 'clock'>): Promise<AuditLogs> {
  const folder = join(dirname(config.databasePath), 'audit');
  const key = openAuditKey(config.auditKeyPath ?? join(folder, 'key.pem'));
  return AuditLogs.start({
    ...parts,
    key,
    folder: join(folder, 'checkpoints'),
    checkpointMs: config.checkpointMs,
  });
}

function relayAll({ appended }: Committed, relay: Relay): void {
  const rows = appended.filter(({ log }) => log === 'outbox');
  relay.say(rows.flatMap(({ n, body }) => (n === null ? [] : [{ n, row: body as OutboxRow }])));
  if (rows.some(({ n }) => n === null)) relay.wake();
}

function wakeFor({ puts }: Changes, timers: Loop): void {
  if (puts.some(({ collection }) => collection === 'timers')) timers.wake();
}

function followLeases({ puts }: Changes, { leases, clock }: Graph): void {
  for (const { collection, body } of puts)
    if (collection === 'environments') leases.follow(body as EnvironmentDocument, clock.monotonicMs());
}
