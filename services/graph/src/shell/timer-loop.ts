import { Unavailable } from '@microstax/bus/bus-error';
import { bundleOf } from '@microstax/contracts/bundle';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { must } from '@microstax/model/must';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent, inSpan } from '@microstax/service/telemetry';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { type Changes, noChanges, together } from '../core/changes.ts';
import { type DeriveDecision, derive } from '../core/derive.ts';
import type { DeriveRequest } from '../core/derive-state.ts';
import type { ActivationDocument, EnvironmentDocument, TimerDocument } from '../core/documents.ts';
import { lifetimeTimerOf } from '../core/lifetime.ts';
import { decideMoved, forgotten, type MovedDecision } from '../core/moved-preview.ts';
import { served } from '../core/offer.ts';
import { activationAt, environmentAt, timerAt, timerPrefixUpTo } from '../core/places.ts';
import { timerPut } from '../core/timers.ts';
import { traceIdOf } from '../core/trace-id.ts';
import type { Graph } from './graph.ts';
import { fireExpiry, fireIdle } from './lifetime-timers.ts';
import { loadRevision } from './load-chain.ts';
import { loadDerive } from './load-derive.ts';
import { type Loop, startLoop } from './loop.ts';
import { type AskActivity, routerActivity } from './router-activity.ts';
import { sayDecision } from './say-decision.ts';
import { linksTo } from './trace-links.ts';
import type { Reader } from './transact.ts';

const chunkMax = 16; // timers of a fan-out that are fired in a row (protocol 13)
const postponedMs = 60_000; // for a timer that throws; whoever repairs the cause need not touch the store

export type TimerPace = { readonly timerMs: number; readonly fanOutPerSecond: number };

/** Fires due timers, each once: the row goes in the commit of what it caused. */
export function startTimers(graph: Graph, pace: TimerPace, ask: AskActivity = routerActivity(graph.bus)): Loop {
  const { log, clock } = graph;
  const asking = new Set<Promise<void>>();
  const lifetimes: Lifetimes = {
    ask,
    asking: (work) => {
      asking.add(work);
      void work.finally(() => asking.delete(work));
    },
  };
  const work = (): Promise<boolean> => fireChunk(graph, pace, lifetimes);
  const loop = startLoop({ name: 'timers', log, clock, restMs: pace.timerMs, work });
  return {
    wake: () => loop.wake(),
    [Symbol.asyncDispose]: async () => {
      await loop[Symbol.asyncDispose]();
      await Promise.all(asking);
    },
  };
}

/** How idleness is asked for, and who waits for the answers. */
type Lifetimes = { readonly ask: AskActivity; readonly asking: (work: Promise<void>) => void };

const nobodyKnows: Lifetimes = {
  ask: async () => ({ kind: 'unknown', reason: 'nobody is asked' }),
  asking: () => {},
};

async function fireChunk(graph: Graph, { fanOutPerSecond }: TimerPace, lifetimes: Lifetimes): Promise<boolean> {
  const { clock } = graph;
  const [beganMs, limit] = [clock.monotonicMs(), Math.min(chunkMax, fanOutPerSecond)];
  if ((await fireTimers(graph, limit, lifetimes)) < limit) return false;
  await clock.delay(Math.max(0, beganMs + (1_000 * limit) / fanOutPerSecond - clock.monotonicMs()));
  return true;
}

/** Fires timers that are due, the oldest first, at most `limit`; gives how many they were. */
export async function fireTimers(graph: Graph, limit: number, lifetimes = nobodyKnows): Promise<number> {
  const bound = timerPrefixUpTo(graph.clock.now());
  const rows = await graph.store.scan<TimerDocument>('timers', { prefix: '', limit });
  const due = rows.filter(({ key }) => key < bound);
  for (const { body } of due) await fireOrPostpone(graph, body, lifetimes);
  return due.length;
}

// A timer that can never be fired must not hold up those behind it.
async function fireOrPostpone(graph: Graph, timer: TimerDocument, { ask, asking }: Lifetimes): Promise<void> {
  try {
    const kind = timer.cause.kind === 'timer' ? lifetimeTimerOf(timer.cause.timer) : undefined;
    if (kind === 'expiry') await fireExpiry(graph, timer);
    else if (kind === 'idle') await fireIdle(graph, timer, ask, asking);
    else await fire(graph, timer);
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
    const { decision, previewed } = await graph.transact(
      (reader) => loadTimer(reader, timer),
      (state) => decide(timer, state, { traceparent, now: graph.clock.now() }),
    );
    if (previewed) await sayPreview(graph, timer, previewed);
    await failpoint('graph.timer.after-decide');
    if (decision) sayDecision(graph, timer, decision);
  });
}

type Previewed = { readonly preview: Extract<MovedDecision, { kind: 'preview' }>; readonly request: DeriveRequest };

// protocol 30: said directly, recorded nowhere. The timer goes once it is said, so that a crash says it again.
async function sayPreview(graph: Graph, timer: TimerDocument, { preview, request }: Previewed): Promise<void> {
  const { org, env, cause, actor } = request;
  const { activation, derived } = preview;
  const body = {
    org,
    env,
    generation: 0,
    activation,
    submission: null,
    actor,
    cause,
    bundle: bundleOf(...derived.all),
  };
  await graph.bus.publish(environmentRevised, body, { inputId: timer.id, purpose: 'preview' });
  await graph.transact(
    (reader) => reader.get<TimerDocument>(timerAt(timer.dueAt, timer.id)),
    (row) => ({ changes: row === null ? noChanges : goneOf(timer) }),
  );
}

function goneOf({ dueAt, id }: TimerDocument): Changes {
  return { puts: [], removes: [timerAt(dueAt, id)], appends: [] };
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
): { readonly decision: DeriveDecision | null; readonly previewed?: Previewed; readonly changes: Changes } {
  const gone = goneOf(timer);
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
  const moved = decideMoved(timer, request, state);
  if (moved.kind === 'preview')
    return { decision: null, previewed: { preview: moved, request }, changes: moved.changes };
  if (moved.kind === 'refused') return { decision: null, changes: together(moved.changes, gone) };
  const decision = derive(request, state);
  const forgets = decision.kind === 'unchanged' ? forgotten(state.self) : noChanges;
  return { decision, changes: together(decision.changes, forgets, gone) };
}
