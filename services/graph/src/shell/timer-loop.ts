import { Unavailable } from '@microstax/bus/bus-error';
import { must } from '@microstax/model/must';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent, inSpan } from '@microstax/service/telemetry';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { noChanges, together } from '../core/changes.ts';
import { type DeriveDecision, derive } from '../core/derive.ts';
import type { DeriveRequest } from '../core/derive-state.ts';
import type { ActivationDocument, EnvironmentDocument, TimerDocument } from '../core/documents.ts';
import { served } from '../core/offer.ts';
import { activationAt, environmentAt, timerAt, timerPrefixUpTo } from '../core/places.ts';
import { timerPut } from '../core/timers.ts';
import { traceIdOf } from '../core/trace-id.ts';
import type { Graph } from './graph.ts';
import { loadRevision } from './load-chain.ts';
import { loadDerive } from './load-derive.ts';
import { type Loop, startLoop } from './loop.ts';
import { sayDecision } from './say-decision.ts';
import { linksTo } from './trace-links.ts';
import type { Reader } from './transact.ts';

const chunkMax = 16; // timers of a fan-out that are fired in a row (protocol 13)
const postponedMs = 60_000; // for a timer that throws; whoever repairs the cause need not touch the store

export type TimerPace = { readonly timerMs: number; readonly fanOutPerSecond: number };

/** Fires due timers, each once: the row goes in the commit of what it caused. */
export function startTimers(graph: Graph, pace: TimerPace): Loop {
  const { log, clock } = graph;
  return startLoop({ name: 'timers', log, clock, restMs: pace.timerMs, work: () => fireChunk(graph, pace) });
}

async function fireChunk(graph: Graph, { fanOutPerSecond }: TimerPace): Promise<boolean> {
  const { clock } = graph;
  const [beganMs, limit] = [clock.monotonicMs(), Math.min(chunkMax, fanOutPerSecond)];
  const bound = timerPrefixUpTo(clock.now());
  const rows = await graph.store.scan<TimerDocument>('timers', { prefix: '', limit });
  const due = rows.filter(({ key }) => key < bound);
  for (const { body } of due) await fireOrPostpone(graph, body);
  if (due.length < limit) return false;
  await clock.delay(Math.max(0, beganMs + (1_000 * limit) / fanOutPerSecond - clock.monotonicMs()));
  return true;
}

// A timer that can never be fired must not hold up those behind it.
async function fireOrPostpone(graph: Graph, timer: TimerDocument): Promise<void> {
  try {
    await fire(graph, timer);
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    graph.log.error({ err: error, timer: timer.id }, 'a timer cannot be fired; it is tried again later');
    const later: TimerDocument = { ...timer, dueAt: graph.clock.now() + postponedMs };
    const removes = [timerAt(timer.dueAt, timer.id)];
    await graph.store.commit({ guards: [], puts: [timerPut(later)], removes, appends: [] });
  }
}

// protocol 31: what a timer starts is a trace of its own, linked with the one that set it.
async function fire(graph: Graph, timer: TimerDocument): Promise<void> {
  const { tracer } = graph.bus.telemetry;
  const options = {
    parent: ROOT_CONTEXT,
    links: linksTo(timer.traceparent),
    attributes: { 'msx.env': timer.env, 'msx.timer': timer.id },
  };
  await inSpan(tracer, `timer ${timer.cause.kind}`, options, async () => {
    const traceparent = currentTraceparent() ?? null;
    const { decision } = await graph.transact(
      (reader) => loadTimer(reader, timer),
      (state) => decide(timer, state, { traceparent, now: graph.clock.now() }),
    );
    await failpoint('graph.timer.after-decide');
    if (decision) sayDecision(graph, timer, decision);
  });
}

type TimerState = { readonly pending: boolean; readonly derive: Awaited<ReturnType<typeof loadDerive>> };

async function loadTimer(reader: Reader, { org, env, dueAt, id }: TimerDocument): Promise<TimerState> {
  const pending = (await reader.get<TimerDocument>(timerAt(dueAt, id))) !== null;
  const self = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  if (!pending || self === null || self.wanted === 'deleted') return { pending, derive: null };
  const newest = await reader.get<ActivationDocument>(activationAt(org, env, self.generation));
  const own = await loadRevision(reader, org, followedRevision(self, newest));
  return { pending, derive: await loadDerive(reader, { org, env, own, submission: null }) };
}

/** Where the newest declarations were denied or refused, what serves follows its parent; they themselves would be again. */
function followedRevision(self: EnvironmentDocument, newest: ActivationDocument | null) {
  const serving = served(self);
  const useless = newest?.outcome === 'denied' || newest?.outcome === 'refused';
  return must(useless && serving ? serving : self.head, 'a derived environment has a head').revision;
}

function decide(
  timer: TimerDocument,
  { pending, derive: state }: TimerState,
  { traceparent, now }: { traceparent: string | null; now: number },
) {
  const gone = { puts: [], removes: [timerAt(timer.dueAt, timer.id)], appends: [] };
  if (!pending) return { decision: null, changes: noChanges };
  if (state?.self == null) return { decision: null, changes: gone };
  const linked = traceIdOf(timer.traceparent);
  const request: DeriveRequest = {
    org: timer.org,
    env: timer.env,
    cause: timer.cause,
    actor: state.newest?.actor ?? { name: 'local', proof: 'loopback' },
    submission: null,
    wanted: state.self.wanted,
    always: false,
    traceparent,
    linkedTraces: linked === null ? [] : [linked],
    now,
  };
  const decision: DeriveDecision = derive(request, state);
  return { decision, changes: together(decision.changes, gone) };
}
