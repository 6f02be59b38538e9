import { Unavailable } from '@microstax/bus/bus-error';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent, inSpan } from '@microstax/service/telemetry';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { noChanges, together } from '../core/changes.ts';
import type { EnvironmentDocument, TimerDocument } from '../core/documents.ts';
import { type ExpiryState, expire } from '../core/expiry.ts';
import { type IdleState, idleAgainMs, idleDue, judgeIdle, mayIdle } from '../core/idle.ts';
import { environmentAt, timerAt } from '../core/places.ts';
import { idlenessWasJudged } from '../events.ts';
import type { Graph } from './graph.ts';
import { awakeHolders, dependentsOf, loadEnding } from './load-command.ts';
import type { AskActivity } from './router-activity.ts';
import { sayDecision } from './say-decision.ts';
import type { Reader } from './transact.ts';

/** The end of a ttl, or a warning of it. */
export async function fireExpiry(graph: Graph, timer: TimerDocument): Promise<void> {
  await traced(graph, timer, async (traceparent) => {
    const { decision } = await graph.transact(
      (reader) => loadExpiry(reader, timer),
      (state) => {
        const decided = expire({ timer, traceparent, now: graph.clock.now() }, state);
        const gone = { puts: [], removes: [timerAt(timer.dueAt, timer.id)], appends: [] };
        // The row of this timer goes, unless what was decided puts it anew at the same time.
        return { ...decided, changes: state.pending ? together(gone, decided.changes) : noChanges };
      },
    );
    await failpoint('graph.timer.after-decide');
    if (decision) sayDecision(graph, timer, decision);
  });
}

async function loadExpiry(reader: Reader, { org, env, dueAt, id }: TimerDocument): Promise<ExpiryState> {
  const pending = (await reader.get<TimerDocument>(timerAt(dueAt, id))) !== null;
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  if (!pending || environment === null) return { pending, environment, derive: null, holders: [], children: [] };
  const derive = await loadEnding(reader, { org, env, submission: null });
  return { pending, environment, derive, ...(await dependentsOf(reader, org, env)) };
}

/**
 * Looks whether an environment is idle. First the timer is moved, so that a graph that dies meanwhile looks again; then
 * the routers are asked, which holds up no other timer; `asking` hears of that.
 */
export async function fireIdle(
  graph: Graph,
  timer: TimerDocument,
  ask: AskActivity,
  asking: (work: Promise<void>) => void,
): Promise<void> {
  const { isDue } = await graph.transact(
    async (reader) => ({
      pending: (await reader.get<TimerDocument>(timerAt(timer.dueAt, timer.id))) !== null,
      environment: await reader.get<EnvironmentDocument>(environmentAt(timer.org, timer.env)),
    }),
    ({ pending, environment }) => {
      const gone = { puts: [], removes: [timerAt(timer.dueAt, timer.id)], appends: [] };
      if (!pending) return { isDue: false, changes: noChanges };
      const now = graph.clock.now();
      const { idleSeconds, idleDueAt = now } = environment?.lifetime ?? {};
      if (!mayIdle(environment) || idleSeconds === undefined || idleDueAt > now) return { isDue: false, changes: gone };
      return { isDue: true, changes: together(gone, idleDue(environment, now + idleAgainMs)) };
    },
  );
  if (isDue) asking(askAndJudge(graph, timer, ask));
}

async function askAndJudge(graph: Graph, timer: TimerDocument, ask: AskActivity): Promise<void> {
  const { org, env } = timer;
  try {
    const activity = await ask(org, env);
    await traced(graph, timer, async (traceparent) => {
      const { decision, kept } = await graph.transact(
        (reader) => loadIdle(reader, timer),
        (state) => judgeIdle(activity, { traceparent, now: graph.clock.now() }, state),
      );
      idlenessWasJudged(graph.log, { org, env, activity: activity.kind, kept });
      if (decision) sayDecision(graph, timer, decision);
    });
  } catch (error) {
    const level = error instanceof Unavailable ? 'info' : 'error';
    graph.log[level]({ err: error, org, env }, 'idleness cannot be judged; it is tried again later');
  }
}

async function loadIdle(reader: Reader, { org, env }: TimerDocument): Promise<IdleState> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  if (!mayIdle(environment)) return { environment, derive: null, awakeHolders: [] };
  const { holders } = await dependentsOf(reader, org, env);
  const awake = await awakeHolders(reader, org, holders);
  const derive = await loadEnding(reader, { org, env, submission: null });
  return { environment, derive, awakeHolders: [...new Set(awake.map(({ child }) => child))] };
}

// protocol 31: what a timer starts is a trace of its own.
function traced(
  graph: Graph,
  timer: TimerDocument,
  work: (traceparent: string | null) => Promise<void>,
): Promise<void> {
  const options = { parent: ROOT_CONTEXT, attributes: { 'msx.env': timer.env, 'msx.timer': timer.id } };
  return inSpan(graph.bus.telemetry.tracer, 'timer lifetime', options, () => work(currentTraceparent() ?? null));
}
