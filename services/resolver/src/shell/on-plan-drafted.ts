import { type Bus, done, type Message, type Outcome } from '@microstax/bus/bus';
import { type Bundle, bundleOf, openArtifact, pickFromBundle } from '@microstax/contracts/bundle';
import { activationRef } from '@microstax/contracts/fields';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { readEvent } from '@microstax/contracts/read-event';
import { resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import { sealArtifact } from '@microstax/model/artifact';
import { failpoint } from '@microstax/service/failpoint';
import type { Log } from '@microstax/service/log';
import { type ResolveInput, resolve } from '../core/resolve.ts';
import { resolutionWasRecorded } from '../events.ts';

export type ResolverShell = { readonly bus: Bus; readonly log: Log };

/** A plan stands: every service gets its one record. */
export async function onPlanDrafted(message: Message, { bus, log }: ResolverShell): Promise<Outcome> {
  const read = readEvent(planDrafted, message);
  if (read.kind === 'unreadable') return { kind: 'dead', reason: read.reason };
  const { event } = read;
  const input = resolveInput(await bus.openBundle(pickFromBundle(event.bundle, readKinds)));
  const resolution = sealArtifact('resolution', resolve(input));
  await failpoint('resolver.plan-drafted.after-decide');
  const about = activationRef(event);
  const bundle = { ...pickFromBundle(event.bundle, forwardedKinds), ...bundleOf(resolution) };
  const how = { inputId: message.id, purpose: message.purpose, drive: message.drive };
  await bus.publish(resolutionRecorded, { ...about, bundle }, how);
  resolutionWasRecorded(log, about, resolution.value);
  await failpoint('resolver.plan-drafted.after-say');
  return done;
}

/** What the core reads; the rest of the bundle is forwarded unopened. */
const readKinds = ['revision', 'composition', 'plan'] as const;
/** Protocol 8: what the validator reads. */
const forwardedKinds = ['revision', 'derivation', 'facts', 'difference', 'plan'] as const;

function resolveInput(bundle: Bundle): ResolveInput {
  return {
    revision: openArtifact(bundle, 'revision'),
    composition: openArtifact(bundle, 'composition'),
    plan: openArtifact(bundle, 'plan'),
  };
}
