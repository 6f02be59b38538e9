import { type Bus, done, type Message, type Outcome } from '@microstax/bus/bus';
import { activationApproved } from '@microstax/contracts/activation-approved';
import { activationDenied } from '@microstax/contracts/activation-denied';
import { type Bundle, bundleOf, openArtifact, pickFromBundle } from '@microstax/contracts/bundle';
import { activationRef } from '@microstax/contracts/fields';
import { readEvent } from '@microstax/contracts/read-event';
import { type ResolutionRecorded, resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import { failpoint } from '@microstax/service/failpoint';
import type { Log } from '@microstax/service/log';
import { type JudgeInput, type Judgement, judgeActivation } from '../core/judge-activation.ts';
import { activationWasApproved, activationWasDenied } from '../events.ts';

export type ValidatorShell = { readonly bus: Bus; readonly log: Log };

/** Every service has its record: the activation is approved, or denied with all findings. */
export async function onResolutionRecorded(message: Message, shell: ValidatorShell): Promise<Outcome> {
  const read = readEvent(resolutionRecorded, message);
  if (read.kind === 'unreadable') return { kind: 'dead', reason: read.reason };
  const { event } = read;
  const judgement = judgeActivation(judgeInput(await shell.bus.openBundle(pickFromBundle(event.bundle, readKinds))), {
    preview: message.purpose === 'preview',
  });
  await failpoint('validator.resolution-recorded.after-decide');
  await say(judgement, event, message, shell);
  await failpoint('validator.resolution-recorded.after-say');
  return done;
}

/** What the core reads. */
const readKinds = ['revision', 'derivation', 'facts', 'difference', 'plan', 'resolution'] as const;

function judgeInput(bundle: Bundle): JudgeInput {
  return {
    revision: openArtifact(bundle, 'revision'),
    derivation: openArtifact(bundle, 'derivation'),
    facts: openArtifact(bundle, 'facts'),
    difference: openArtifact(bundle, 'difference'),
    plan: openArtifact(bundle, 'plan'),
    resolution: openArtifact(bundle, 'resolution'),
  };
}

async function say(
  judgement: Judgement,
  event: ResolutionRecorded,
  message: Message,
  { bus, log }: ValidatorShell,
): Promise<void> {
  const how = { inputId: message.id, purpose: message.purpose, drive: message.drive };
  const about = activationRef(event);
  const { findings } = judgement.findings.value;
  if (judgement.kind === 'denied') {
    const denied = { ...about, findings: [...findings], bundle: bundleOf(judgement.findings) };
    await bus.publish(activationDenied, denied, how);
    activationWasDenied(log, about, findings);
    return;
  }
  // Protocol 8: what the runtime reads, and what the claim checks.
  const forwarded = pickFromBundle(event.bundle, ['derivation', 'plan', 'resolution']);
  const bundle = { ...forwarded, ...bundleOf(judgement.findings, judgement.approval) };
  await bus.publish(activationApproved, { ...about, bundle }, how);
  activationWasApproved(log, about, findings);
}
