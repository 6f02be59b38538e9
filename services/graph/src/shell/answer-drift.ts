import type { DriftReply, DriftRequest } from '@microstax/contracts/graph-requests';
import { must } from '@microstax/model/must';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent, inSpan } from '@microstax/service/telemetry';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { noChanges } from '../core/changes.ts';
import { derive } from '../core/derive.ts';
import type { DeriveState } from '../core/derive-state.ts';
import type { EnvironmentDocument } from '../core/documents.ts';
import { judgeDrift } from '../core/drift.ts';
import { served } from '../core/offer.ts';
import { environmentAt } from '../core/places.ts';
import { traceIdOf } from '../core/trace-id.ts';
import { driftWasJudged } from '../events.ts';
import type { Graph } from './graph.ts';
import { loadRevision } from './load-chain.ts';
import { loadDerive } from './load-derive.ts';
import { linksTo } from './trace-links.ts';
import type { Reader } from './transact.ts';

/** Something that serves is gone, and the journal says so already: what serves is derived again (protocol 24). */
export async function answerDrift(
  graph: Graph,
  request: DriftRequest,
  { org }: { readonly org: string },
): Promise<DriftReply> {
  const links = linksTo(currentTraceparent() ?? null);
  return inSpan(graph.bus.telemetry.tracer, 'drift', { parent: ROOT_CONTEXT, links }, async () => {
    const about = { ...request, org, traceparent: currentTraceparent() ?? null, now: graph.clock.now() };
    const { reply } = await graph.transact(
      (reader) => loadDrift(reader, org, request.env),
      (state) => decideDrift(about, state),
    );
    await failpoint('graph.drift.after-decide');
    driftWasJudged(graph.log, { org, env: request.env, answer: reply.kind, services: request.services });
    return reply;
  });
}

type DriftState = { readonly environment: EnvironmentDocument | null; readonly derive: DeriveState | null };

// What serves is what has to be healed: a newer head that was denied stays where it is.
async function loadDrift(reader: Reader, org: string, env: string): Promise<DriftState> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const position = environment ? (served(environment) ?? environment.head) : null;
  if (position === null) return { environment, derive: null };
  const own = await loadRevision(reader, org, position.revision);
  return { environment, derive: await loadDerive(reader, { org, env, own, submission: null }) };
}

type About = DriftRequest & { readonly org: string; readonly traceparent: string | null; readonly now: number };

function decideDrift(about: About, { environment, derive: state }: DriftState) {
  const { org, env, epoch, orderly, services, traceparent, now } = about;
  const none = (reply: DriftReply) => ({ reply, changes: noChanges });
  if (environment === null || state === null) return none({ kind: 'fenced', epoch: 0 });
  const judged = judgeDrift(environment, { epoch, orderly, services, now });
  switch (judged.kind) {
    case 'fenced':
      return none(judged);
    case 'on its way':
      return none({ kind: 'derived', generation: judged.generation });
    case 'still degraded':
      return none({ kind: 'degraded' });
    case 'degraded':
      return { reply: { kind: 'degraded' } as DriftReply, changes: putting(judged.environment) };
    case 'derive': {
      const newest = must(state.newest, 'a derived environment has an activation');
      const linked = traceIdOf(newest.traceparent);
      const decision = derive(
        {
          org,
          env,
          cause: { kind: 'drift', services },
          actor: newest.actor,
          submission: null,
          wanted: environment.servingWanted ?? environment.wanted,
          always: true,
          traceparent,
          linkedTraces: linked === null ? [] : [linked],
          now,
        },
        { ...state, self: judged.environment },
      );
      if (decision.kind !== 'revised')
        return {
          reply: { kind: 'degraded' } as DriftReply,
          changes: putting({ ...judged.environment, degraded: true }),
        };
      const reply: DriftReply = { kind: 'derived', generation: decision.activation.generation };
      return { reply, changes: decision.changes };
    }
  }
}

function putting(environment: EnvironmentDocument) {
  return {
    puts: [{ ...environmentAt(environment.org, environment.env), body: environment }],
    removes: [],
    appends: [],
  };
}
