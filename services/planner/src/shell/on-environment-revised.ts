import { type Bus, done, type Message, type Outcome } from '@microstax/bus/bus';
import { type Bundle, bundleOf, openArtifact, pickFromBundle } from '@microstax/contracts/bundle';
import { type EnvironmentRevised, environmentRevised } from '@microstax/contracts/environment-revised';
import { activationRef } from '@microstax/contracts/fields';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { planRefused } from '@microstax/contracts/plan-refused';
import { readEvent } from '@microstax/contracts/read-event';
import { sealArtifact } from '@microstax/model/artifact';
import type { PolicyBundle } from '@microstax/model/policy';
import { failpoint } from '@microstax/service/failpoint';
import type { Log } from '@microstax/service/log';
import { draftPlan, type PlanDecision, type PlanInput } from '../core/plan.ts';
import { planWasDrafted, planWasRefused } from '../events.ts';
import { judgePolicies } from './policies/judge-policies.ts';
import type { PolicyWorkers } from './policies/policy-workers.ts';

export type PlannerShell = { readonly bus: Bus; readonly log: Log; readonly policies: PolicyWorkers };

/** A generation was derived: its plan stands, or the requirements that contradict each other are named. */
export async function onEnvironmentRevised(message: Message, shell: PlannerShell): Promise<Outcome> {
  const read = readEvent(environmentRevised, message);
  if (read.kind === 'unreadable') return { kind: 'dead', reason: read.reason };
  const { event } = read;
  const bundle = await shell.bus.openBundle(pickFromBundle(event.bundle, [...readKinds, 'policy']));
  const decision = await decide(planInput(bundle), openArtifact<PolicyBundle>(bundle, 'policy').value, shell);
  await failpoint('planner.environment-revised.after-decide');
  await say(decision, event, message, shell);
  await failpoint('planner.environment-revised.after-say');
  return done;
}

/** Policies are evaluated here, because they take time; what they say is an input of the core. */
async function decide(input: PlanInput, policies: PolicyBundle, shell: PlannerShell): Promise<PlanDecision> {
  const judgement = await judgePolicies(input, policies, shell.policies);
  if (judgement.kind === 'denied') return { kind: 'refused', findings: judgement.findings };
  return draftPlan({ ...input, verdicts: judgement.verdicts });
}

/** What the core reads, and later stages too (protocol 8). */
const readKinds = ['revision', 'derivation', 'facts', 'difference', 'composition'] as const;

function planInput(bundle: Bundle): PlanInput {
  return {
    revision: openArtifact(bundle, 'revision'),
    derivation: openArtifact(bundle, 'derivation'),
    facts: openArtifact(bundle, 'facts'),
    difference: openArtifact(bundle, 'difference'),
    composition: openArtifact(bundle, 'composition'),
  };
}

async function say(
  decision: PlanDecision,
  event: EnvironmentRevised,
  message: Message,
  { bus, log }: PlannerShell,
): Promise<void> {
  const how = { inputId: message.id, purpose: message.purpose, drive: message.drive };
  const about = activationRef(event);
  const forwarded = pickFromBundle(event.bundle, readKinds);
  if (decision.kind === 'refused') {
    await bus.publish(planRefused, { ...about, findings: [...decision.findings], bundle: forwarded }, how);
    planWasRefused(log, about, decision.findings);
    return;
  }
  const plan = sealArtifact('plan', decision.plan);
  await bus.publish(planDrafted, { ...about, bundle: { ...forwarded, ...bundleOf(plan) } }, how);
  planWasDrafted(log, about, plan.value);
}
