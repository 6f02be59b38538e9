import type { AppendReply, AppendRequest } from '@microstax/contracts/graph-requests';
import { failpoint } from '@microstax/service/failpoint';
import { append } from '../core/append.ts';
import { appendWasAnswered } from '../events.ts';
import type { Graph } from './graph.ts';
import { loadAppend } from './load-append.ts';

/** Appends to an environment's journal by compare-and-set (protocol 20). */
export async function answerAppend(
  graph: Graph,
  request: AppendRequest,
  { org }: { readonly org: string },
): Promise<AppendReply> {
  const { env, epoch, events } = request;
  const now = graph.clock.now();
  const { reply } = await graph.transact(
    (reader) => loadAppend(reader, org, request, now),
    (state) => append(request, state),
  );
  await failpoint('graph.append.after-decide');
  graph.leases.heard(org, env, epoch, graph.clock.monotonicMs());
  appendWasAnswered(graph.log, { org, env, answer: reply.kind, events: events.length });
  return reply;
}
