// Owns: what an append to an environment's journal makes true (protocol 13, 18, 20, 21).
// 1. Compare-and-set on (epoch, length): of two writers one is told `fenced` or `stale`.
// 2. `finished` is the last entry of an execution; afterwards only what was observed missing may be appended.
// 3. Serving moves in the same commit as holds, keys, timers and the event that says so.
import type { AppendReply, AppendRequest } from '@microstax/contracts/graph-requests';
import { evolveInventory } from '@microstax/model/inventory';
import type { JournalEntry, JournalEvent } from '@microstax/model/journal';
import { appendSayings } from './append-sayings.ts';
import { type Changes, noChanges, type Place, type Put, together } from './changes.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { letGoAfterFailure, released } from './let-go.ts';
import { becameReady } from './lifetime.ts';
import { isAwake, offerOf, served } from './offer.ts';
import { childAt, environmentAt, executionAt, journalAt, memberAt, namerAt } from './places.ts';
import { activationPut, settle, withoutOpen } from './settle.ts';
import { type MovedState, movedTimers, timerPut } from './timers.ts';
import { waitingPuts } from './waiting.ts';

/** A provider that an `await` job waited for, with the outcome of its newest activation. */
export type AwaitedProvider = { readonly environment: EnvironmentDocument; readonly newest: ActivationDocument | null };

export type AppendState = {
  readonly environment: EnvironmentDocument | null;
  readonly execution: ExecutionDocument | null;
  readonly activation: ActivationDocument | null;
  /** Of failed `await` jobs, by environment; undefined where the store does not know it. */
  readonly awaited: ReadonlyMap<string, AwaitedProvider>;
  /** Who is below; read where the execution finishes. */
  readonly below: Pick<MovedState, 'descendants' | 'holders' | 'namers' | 'specs' | 'waiting'> | null;
  /** The execution that made what serves; read where another one fails. */
  readonly servingExecution: ExecutionDocument | null;
  readonly now: number;
};

export type AppendDecision = { readonly reply: AppendReply; readonly changes: Changes };

export function append(request: AppendRequest, state: AppendState): AppendDecision {
  const { environment, execution, activation } = state;
  if (environment === null || execution === null || activation === null)
    return refused(`"${request.env}" has no such execution`);
  const fence = fenceOf(request, environment);
  if (fence) return { reply: fence, changes: noChanges };
  if (!environment.execution?.open && request.events.some(({ type }) => type !== 'lost'))
    return refused(`execution "${request.execution}" has finished`);
  const unjustified = request.events.map((event) => unjustifiedFailure(event, state)).find((reason) => reason !== null);
  if (unjustified) return refused(unjustified);
  return write(request, { ...state, environment, execution, activation });
}

/** The provider of an `await:<env>/<service>` job; null for any other job. */
export function awaitedBy(job: string): string | null {
  return /^await:([^/]+)\//.exec(job)?.[1] ?? null;
}

type Known = AppendState & {
  readonly environment: EnvironmentDocument;
  readonly execution: ExecutionDocument;
  readonly activation: ActivationDocument;
};

function refused(reason: string): AppendDecision {
  return { reply: { kind: 'refused', reason }, changes: noChanges };
}

function fenceOf({ execution, epoch, length }: AppendRequest, environment: EnvironmentDocument): AppendReply | null {
  if (environment.epoch !== epoch || environment.execution?.id !== execution)
    return { kind: 'fenced', epoch: environment.epoch };
  return environment.journalLength === length ? null : { kind: 'stale', length: environment.journalLength };
}

// protocol 21: an await job fails at once where nothing can be waited for, and not where something can.
function unjustifiedFailure(event: JournalEvent, { awaited }: AppendState): string | null {
  const provider = event.type === 'failed' ? awaitedBy(event.job) : null;
  if (provider === null) return null;
  const row = awaited.get(provider);
  return row === undefined || isHopeless(row) ? null : `"${provider}" is worth waiting for again`;
}

function isHopeless({ environment, newest }: AwaitedProvider): boolean {
  if (environment.wanted === 'stopped' || environment.wanted === 'deleted') return true;
  return !isAwake(environment) && newest !== null && newest.outcome !== null && newest.outcome !== 'ready';
}

function write(request: AppendRequest, state: Known): AppendDecision {
  const { environment, execution, activation, now } = state;
  const { org, env } = environment;
  const entries = request.events.map((event, index): JournalEntry => {
    const n = environment.journalLength + 1 + index;
    return {
      n,
      execution: execution.execution,
      generation: execution.generation,
      epoch: environment.epoch,
      at: now,
      event,
    };
  });
  const length = environment.journalLength + entries.length;
  const grown: EnvironmentDocument = {
    ...environment,
    journalLength: length,
    inventory: request.events.reduce(evolveInventory, environment.inventory),
    updatedAt: now,
  };
  const run = evolveExecution(execution, request.events);
  const journal: Changes = {
    puts: [
      ...entries.map((entry) => ({ ...journalAt(org, env, entry.n), body: entry })),
      { ...environmentAt(org, env), body: grown },
      ...(run === execution ? [] : [executionPut(run)]),
      ...progressPuts(activation, execution, run),
    ],
    removes: [],
    appends: appendSayings(entries, activation, execution),
  };
  const finished = request.events.find((event) => event.type === 'finished');
  const changes = finished
    ? together(journal, finish(finished, { ...state, environment: grown, execution: run }))
    : journal;
  return { reply: { kind: 'appended', length }, changes };
}

/**
 * What is being waited for, for whoever watches: the first thing that was begun and is not over, for later ones may have
 * been intended ahead of it (protocol 20).
 */
function progressPuts(activation: ActivationDocument, before: ExecutionDocument, now: ExecutionDocument): Put[] {
  const [job] = now.underWay;
  if (job === undefined || job === before.underWay[0]) return [];
  return [activationPut({ ...activation, reason: waitingFor(job) })];
}

function waitingFor(job: string): string {
  const [kind = '', subject = ''] = job.split(/:(.*)/s);
  const [provider, service] = subject.split('/');
  switch (kind) {
    case 'await':
      return `waits for "${provider}" to serve "${service}"`;
    case 'readiness':
      return `waits for "${subject}" to be ready`;
    case 'workload':
      return `starts "${subject}"`;
    default:
      return `works on ${job}`;
  }
}

function executionPut(body: ExecutionDocument): Put {
  return { ...executionAt(body.org, body.env, body.generation), body };
}

function evolveExecution(execution: ExecutionDocument, events: readonly JournalEvent[]): ExecutionDocument {
  const moves = events.filter(({ type }) => type !== 'lost');
  if (moves.length === 0) return execution;
  const failed = moves.flatMap((event) => (event.type === 'failed' ? [event] : []));
  const awaits = failed.flatMap(({ job }) => awaitedBy(job) ?? []);
  const reason = failed.at(-1)?.reason ?? execution.reason;
  const state = execution.state === 'claimed' ? 'running' : execution.state;
  const underWay = moves.reduce(evolveUnderWay, execution.underWay);
  const routed = execution.routed || moves.some((event) => event.type === 'done' && event.result?.kind === 'routes');
  const failedAwaits = [...new Set([...execution.failedAwaits, ...awaits])];
  return { ...execution, state, reason, underWay, routed, failedAwaits };
}

function evolveUnderWay(jobs: readonly string[], event: JournalEvent): readonly string[] {
  if (event.type === 'intended') return [...jobs.filter((job) => job !== event.job), event.job];
  if (event.type === 'done' || event.type === 'failed') return jobs.filter((job) => job !== event.job);
  return jobs;
}

type Finished = Extract<JournalEvent, { type: 'finished' }>;

function finish(event: Finished, state: Known): Changes {
  const { environment, execution, activation, now } = state;
  const closed: Known = {
    ...state,
    environment: {
      ...withoutOpen(environment, activation.generation),
      execution: { id: execution.execution, generation: execution.generation, open: false },
    },
    execution: {
      ...execution,
      state: event.outcome === 'ready' ? 'done' : event.outcome,
      finishedAt: now,
      reason: event.reason,
    },
  };
  switch (event.outcome) {
    case 'ready':
      return finishReady(event.reason, closed);
    case 'failed':
      return finishFailed(event.reason, closed);
    case 'superseded':
      return finishSuperseded(event.reason, closed);
  }
}

// protocol 13, 18: what served before is let go of only now.
function finishReady(reason: string, { environment, execution, activation, below, now }: Known): Changes {
  const deleted = activation.wanted === 'deleted';
  const ready: EnvironmentDocument = {
    ...environment,
    serving: { generation: activation.generation, revision: activation.revision },
    servingWanted: activation.wanted,
    holds: execution.holds,
    keys: deleted ? [] : execution.keys,
    degraded: environment.degraded && activation.cause.kind === 'drift',
  };
  const life = becameReady(ready, activation, now);
  const timers = below
    ? movedTimers({
        ...below,
        waiting: activation.wanted === 'asleep' ? [] : below.waiting, // it would be woken at once
        environment: ready,
        generation: activation.generation,
        offer: offerOf(ready)?.revision,
        traceparent: activation.traceparent,
        now,
      })
    : [];
  const own: Changes = {
    puts: [executionPut(execution), { ...environmentAt(ready.org, ready.env), body: life.environment }, ...timers],
    removes: [...released(environment, ready), ...(deleted ? lineagePlaces(environment) : [])],
    appends: [],
  };
  return together(settle({ ...activation }, { outcome: 'ready', reason }, { now }), own, life.changes);
}

// A Blueprint may have used the name again while the delete was executed: its place in the lineage stays.
function lineagePlaces({ org, env, parent, root, wanted, names = [] }: EnvironmentDocument): Place[] {
  if (wanted !== 'deleted') return [];
  const named = names.map((name) => namerAt(org, name, env));
  return [...(parent === null ? [] : [childAt(org, parent, env)]), memberAt(org, root, env), ...named];
}

// protocol 13: who failed waiting for a provider is derived again when that one serves; at once, where it does by now.
function finishFailed(reason: string, state: Known): Changes {
  const { environment, execution, activation, awaited, servingExecution, now } = state;
  const providers = execution.failedAwaits.flatMap((env) => awaited.get(env)?.environment ?? []);
  const holding = letGoAfterFailure(environment, execution, servingExecution);
  const failed: EnvironmentDocument = { ...holding.environment, waitingFor: providers.map(({ env }) => env) };
  const ready = providers.find(isAwake);
  const timer = ready
    ? [
        timerPut({
          id: `moved/${failed.org}/${failed.env}/${ready.env}@${activation.activation}`,
          org: failed.org,
          env: failed.env,
          dueAt: now,
          cause: { kind: 'parent moved', parent: ready.env, parentGeneration: served(ready)?.generation ?? 0 },
          traceparent: activation.traceparent,
        }),
      ]
    : [];
  const own: Changes = {
    puts: [
      ...providers.flatMap((provider) => waitingPuts(failed, provider)),
      executionPut(execution),
      { ...environmentAt(failed.org, failed.env), body: failed },
      ...timer,
    ],
    removes: [],
    appends: [],
  };
  const settled = settle(activation, { outcome: 'failed', reason, execution: execution.execution }, { now });
  return together(settled, holding.changes, own);
}

function finishSuperseded(reason: string, { environment, execution, activation, now }: Known): Changes {
  const own: Changes = {
    puts: [executionPut(execution), { ...environmentAt(environment.org, environment.env), body: environment }],
    removes: [],
    appends: [],
  };
  if (activation.outcome !== null) return own;
  return together(settle(activation, { outcome: 'superseded', reason, by: environment.generation }, { now }), own);
}
