import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { type BlueprintAccepted, blueprintAccepted } from '@microstax/contracts/blueprint-accepted';
import { bundleOf, openArtifact } from '@microstax/contracts/bundle';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { revisionRefused } from '@microstax/contracts/revision-refused';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent } from '@microstax/service/telemetry';
import { derive } from '../core/derive.ts';
import type { DeriveRequest } from '../core/derive-state.ts';
import { preview } from '../core/preview.ts';
import type { Graph } from './graph.ts';
import { type DeriveTarget, loadDerive } from './load-derive.ts';
import { parseEvent } from './parse-event.ts';
import { sayDecision } from './say-decision.ts';
import { Reader } from './transact.ts';

/** A Blueprint that intake found plausible: the commit decides (protocol 2, 3, 11). */
export async function onBlueprintAccepted(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(blueprintAccepted, message);
  if (!parsed.ok) return parsed.outcome;
  const { body } = parsed;
  graph.memory.noteSubmission(body.order);
  const own = openArtifact<Revision>(await graph.bus.openBundle(body.bundle), 'revision');
  if (own.value.org !== body.org || own.value.env !== body.env)
    return { kind: 'dead', reason: `Cannot derive "${body.env}": the revision is about "${own.value.env}"` };
  const request = requestOf(body, graph);
  if (message.purpose !== 'activate') return sayPreview(graph, message, request, { ...addressOf(body), own });
  const decision = await graph.transact(
    async (reader) =>
      must(
        await loadDerive(reader, { ...addressOf(body), own, submission: body.submission }),
        'own declarations are given',
      ),
    (state) => derive(request, state),
  );
  await failpoint('graph.blueprint-accepted.after-decide');
  sayDecision(graph, body, decision);
  return done;
}

function addressOf({ org, env, sourceRevision }: BlueprintAccepted) {
  return { org, env, sourceRevision };
}

function requestOf({ org, env, submission, order, actor, source }: BlueprintAccepted, { clock }: Graph): DeriveRequest {
  return {
    org,
    env,
    cause: { kind: 'submission', submission },
    actor,
    submission: { id: submission, order },
    source,
    wanted: 'running',
    always: false,
    traceparent: currentTraceparent() ?? null,
    linkedTraces: [],
    now: clock.now(),
  };
}

// protocol 30: said directly, recorded nowhere.
async function sayPreview(
  graph: Graph,
  message: Message,
  request: DeriveRequest,
  target: Omit<DeriveTarget, 'submission'>,
): Promise<Outcome> {
  const { org, env, actor, cause } = request;
  const submission = must(request.submission, 'a preview has a submission').id;
  const state = await loadDerive(new Reader(graph.store, graph.installation), { ...target, submission: null });
  const decision = preview(request, must(state, 'own declarations are given'));
  const how = { inputId: message.id, purpose: message.purpose, drive: message.drive };
  if (decision.kind === 'refused') {
    await graph.bus.publish(revisionRefused, { org, env, submission, findings: [...decision.findings] }, how);
    return done;
  }
  const bundle = bundleOf(...decision.derived.all);
  const body = { org, env, generation: 0, activation: decision.activation, submission, actor, cause, bundle };
  await graph.bus.publish(environmentRevised, body, how);
  return done;
}
