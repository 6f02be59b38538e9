import type { WakeReply, WakeRequest } from '@microstax/contracts/graph-requests';
import { currentTraceparent, inSpan } from '@microstax/service/telemetry';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { wakeUp } from '../core/wake.ts';
import type { Graph } from './graph.ts';
import { loadDerive } from './load-derive.ts';
import { sayDecision } from './say-decision.ts';
import { linksTo } from './trace-links.ts';

/** A router holds a request for what sleeps, or a child awaits it: it is derived again to run (protocol 14, 21). */
export async function answerWake(
  graph: Graph,
  { env }: WakeRequest,
  { org }: { readonly org: string },
): Promise<WakeReply> {
  // A trace of its own, linked with the request's (protocol 31).
  const options = {
    parent: ROOT_CONTEXT,
    links: linksTo(currentTraceparent() ?? null),
    attributes: { 'msx.env': env },
  };
  return inSpan(graph.bus.telemetry.tracer, 'wake-up', options, async (span) => {
    const waking = { org, env, traceparent: currentTraceparent() ?? null, now: graph.clock.now() };
    const { reply, decision } = await graph.transact(
      (reader) => loadDerive(reader, { org, env, submission: null }),
      (state) => wakeUp(waking, state),
    );
    span.setAttribute('msx.wake', reply.kind);
    if (decision) sayDecision(graph, { org, env }, decision);
    return reply;
  });
}
