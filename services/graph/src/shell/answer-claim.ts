import type { ClaimReply, ClaimRequest } from '@microstax/contracts/graph-requests';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent } from '@microstax/service/telemetry';
import { claim } from '../core/claim.ts';
import { claimWasAnswered } from '../events.ts';
import type { Graph } from './graph.ts';
import { loadClaim } from './load-claim.ts';

/** How long a claim is held until the approval and all it names are recorded (protocol 16). */
const recordedWaitMs = 1_000;
const lookMs = 20;

/** The only gate to the world. */
export async function answerClaim(
  graph: Graph,
  request: ClaimRequest,
  { org }: { readonly org: string },
): Promise<ClaimReply> {
  if (request.generation === 0) return { kind: 'preview' }; // protocol 30
  const { clock, log } = graph;
  const endsAt = clock.monotonicMs() + recordedWaitMs;
  let reply = await decideClaim(graph, request, org);
  while (reply.kind === 'artifact missing' && clock.monotonicMs() < endsAt) {
    await clock.delay(lookMs);
    reply = await decideClaim(graph, request, org);
  }
  claimWasAnswered(log, { org, env: request.env, generation: request.generation, answer: reply.kind });
  return reply;
}

async function decideClaim(graph: Graph, request: ClaimRequest, org: string): Promise<ClaimReply> {
  const { approval, owner } = request;
  const claiming = { approval, owner, now: graph.clock.now(), traceparent: currentTraceparent() ?? null };
  const { reply } = await graph.transact(
    (reader) => loadClaim(reader, org, request),
    (state) => claim(claiming, state),
  );
  if (reply.kind === 'claimed') await failpoint('graph.claim.after-decide');
  return reply;
}
