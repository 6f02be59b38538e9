import type { ClaimReply, ClaimRequest } from '@microstax/contracts/graph-requests';
import { digestOf, shortDigest } from '@microstax/model/digest';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent, deterministicTraceparent, inSpan, traceContextOf } from '@microstax/service/telemetry';
import { type Claiming, claim } from '../core/claim.ts';
import { activationAt } from '../core/places.ts';
import { claimWasAnswered } from '../events.ts';
import type { Graph } from './graph.ts';
import { loadClaim } from './load-claim.ts';
import { linksTo } from './trace-links.ts';

/** How long a claim is held until the approval and all it names are recorded (protocol 16). */
const recordedWaitMs = 1_000;
const lookMs = 100; // a commit of this process wakes the claim; another replica's is found by looking

/** The only gate to the world. */
export async function answerClaim(
  graph: Graph,
  request: ClaimRequest,
  { org }: { readonly org: string },
): Promise<ClaimReply> {
  if (request.generation === 0) return { kind: 'preview' }; // protocol 30
  const { log } = graph;
  const reply = await decideOnceRecorded(graph, request, org);
  claimWasAnswered(log, { org, env: request.env, generation: request.generation, answer: reply.kind });
  return reply;
}

async function decideOnceRecorded(graph: Graph, request: ClaimRequest, org: string): Promise<ClaimReply> {
  const { bell, clock, desk } = graph;
  const place = activationAt(org, request.env, request.generation);
  const endsAt = clock.monotonicMs() + recordedWaitMs;
  for (;;) {
    // Listened to before the look, so that no commit falls between the two.
    using written = bell.listen(place);
    const reply = await decideClaim(graph, request, org);
    if (reply.kind !== 'artifact missing' || clock.monotonicMs() >= endsAt) return reply;
    using parked = desk.park(place, { request, claiming: claimingOf(graph, request, org) });
    const looked = new AbortController();
    await Promise.race([parked.answered, written.rung, clock.delay(lookMs, looked.signal)]);
    looked.abort('it was written');
    const answered = parked.isTaken() ? await parked.answered : null;
    if (answered !== null) return afterClaim(graph, request, org, answered);
  }
}

async function decideClaim(graph: Graph, request: ClaimRequest, org: string): Promise<ClaimReply> {
  const claiming = claimingOf(graph, request, org);
  const { reply } = await graph.transact(
    (reader) => loadClaim(reader, org, request),
    (state) => claim(claiming, state),
  );
  return afterClaim(graph, request, org, reply);
}

function claimingOf({ clock }: Graph, request: ClaimRequest, org: string): Claiming {
  const { approval, owner, first } = request;
  return { approval, owner, first, now: clock.now(), ...tracesOf(request, org) };
}

function tracesOf(request: ClaimRequest, org: string) {
  return { traceparent: currentTraceparent() ?? null, movedTraceparent: tracedInstead(org, request) };
}

async function afterClaim(graph: Graph, request: ClaimRequest, org: string, reply: ClaimReply): Promise<ClaimReply> {
  if (reply.kind === 'claimed') await failpoint('graph.claim.after-decide');
  if (reply.kind === 'provider moved') await linkTraces(graph, request, tracesOf(request, org));
  return reply;
}

// protocol 31: `parent moved` starts a linked trace, and a claim that is asked again finds the same one.
function tracedInstead(org: string, { env, generation }: ClaimRequest): string {
  const digest = digestOf('trace', { org, env, generation, cause: 'provider moved' });
  return deterministicTraceparent(shortDigest(digest, 64));
}

async function linkTraces(
  { bus }: Graph,
  { env, generation }: ClaimRequest,
  traces: { readonly traceparent: string | null; readonly movedTraceparent: string },
): Promise<void> {
  const options = {
    parent: traceContextOf(traces.movedTraceparent),
    links: linksTo(traces.traceparent),
    attributes: { 'msx.env': env, 'msx.generation': generation },
  };
  await inSpan(bus.telemetry.tracer, 'provider moved', options, () => {});
}
