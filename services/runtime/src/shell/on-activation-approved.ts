import { type Bus, done, type Message, type Outcome } from '@microstax/bus/bus';
import { type ActivationApproved, activationApproved } from '@microstax/contracts/activation-approved';
import { openArtifact, pickFromBundle } from '@microstax/contracts/bundle';
import type { ClaimReply } from '@microstax/contracts/graph-requests';
import { environmentKey } from '@microstax/contracts/topology';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { failpoint } from '@microstax/service/failpoint';
import { activationWasNotClaimed } from '../events.ts';
import { eventsAfter, foresee } from './foresee.ts';
import { parseMessage } from './parse-message.ts';
import { type Runner, runExecution } from './run-execution.ts';
import { goOnWith } from './take-over.ts';

const artifactsDelayMs = 500; // the graph held the claim for a second already (protocol 16)

/** An activation was approved: whoever claims it first executes it. Acked once the claim is committed (design 3). */
export async function onActivationApproved(message: Message, bus: Bus, runner: Runner): Promise<Outcome> {
  if (message.purpose !== 'activate') return done; // protocol 30: nothing of a preview is executed
  const approved = parseMessage(message, activationApproved.schema);
  if (approved.kind === 'unreadable') return { kind: 'dead', reason: approved.reason };
  const { org, env } = approved.value;
  const artifacts = await load(approved.value, bus);
  const outcome = await runner.runs.claiming(environmentKey(org, env), () => claim(approved.value, artifacts, runner));
  await failpoint('runtime.activation-approved.after-say');
  return outcome;
}

async function claim(
  { org, env, generation }: ActivationApproved,
  { plan, resolution, approval }: Awaited<ReturnType<typeof load>>,
  runner: Runner,
): Promise<Outcome> {
  const { graph, owner, log } = runner.world;
  const first = await foresee({ org, env, generation, plan: plan.value, resolution: resolution.value }, runner);
  const request = { env, generation, approval: approval.digest, owner, ...(first ? { first } : {}) };
  const reply = await graph.claim(org, request);
  await failpoint('runtime.activation-approved.after-decide');
  if (reply.kind === 'claimed') {
    const { execution, epoch, length, inventory } = reply;
    const events = eventsAfter(first, reply);
    const task = { org, env, generation, execution, epoch, length, inventory, events };
    runExecution({ ...task, plan: plan.value, resolution: resolution.value }, 'claimed', runner);
    return done;
  }
  activationWasNotClaimed(log, { org, env, generation, answer: reply.kind, reason: reasonOf(reply) });
  if (reply.kind === 'already' && reply.held) await goOnWith(reply.held, { org, env, generation }, runner);
  // Protocol 17: the graph has said what follows from every other answer.
  return reply.kind === 'artifact missing'
    ? { kind: 'later', delayMs: artifactsDelayMs, reason: reasonOf(reply) }
    : done;
}

/** What is executed; of the approval only the name, because the graph is who judges by it. */
async function load({ bundle }: ActivationApproved, bus: Bus) {
  const opened = await bus.openBundle(pickFromBundle(bundle, ['plan', 'resolution']));
  return {
    plan: openArtifact<Plan>(opened, 'plan'),
    resolution: openArtifact<Resolution>(opened, 'resolution'),
    approval: must(bundle.approval, 'an activation was approved by an approval'),
  };
}

function reasonOf(reply: Exclude<ClaimReply, { kind: 'claimed' }>): string {
  switch (reply.kind) {
    case 'superseded':
      return `generation ${reply.target} was claimed`;
    case 'already':
      return reply.reason;
    case 'artifact missing':
      return `not recorded yet: ${reply.digests.join(', ')}`;
    case 'provider moved':
      return `"${reply.provider}" moved; derived again as generation ${reply.generation}`;
    case 'provider not wanted':
      return `provider "${reply.provider}" is stopped or deleted; next: msx resume ${reply.provider}`;
    case 'taken':
      return `"${reply.key}" is taken by "${reply.by}"`;
    case 'preview':
      return 'a preview is never executed';
  }
}
