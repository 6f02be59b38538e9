import { activationApproved } from '@microstax/contracts/activation-approved';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { activationRef } from '@microstax/contracts/fields';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import type { ArtifactKind } from '@microstax/model/digest';
import type { Append, Changes } from './changes.ts';
import type { ActivationDocument, SaidDocument } from './documents.ts';
import { namedBundle, pickArtifacts, say } from './outbox.ts';
import { saidAt } from './places.ts';

/** Stages in which an event waits for somebody; a claimed activation waits for its owner, which the lease watches. */
export const drivenStages = ['revised', 'planned', 'resolved', 'decided'] as const;
export type DrivenStage = (typeof drivenStages)[number];

/** What the bus knows of the stream and of the consumer that has to hear the event next. */
export type RedriveView = {
  readonly incarnation: number;
  readonly firstSequence: number;
  readonly ackFloor: number;
  /** What the graph's own durable of the next stage has not settled; read after `ackFloor`. */
  readonly ownPending: number;
  /**
   * A sequence that was looked for and is not there. The ends of a stream do not tell: it may have a hole in its middle, and
   * what was said after the look is beyond the last one that was seen.
   */
  readonly missing: number | null;
};

export type RedriveDecision =
  | { readonly kind: 'say again'; readonly drive: number; readonly reason: string }
  | { readonly kind: 'owed'; readonly reason: string };

/**
 * Protocol 28: an activation whose stored stage has not moved on is driven again only where the bus no longer owes it:
 * the event is gone, or it was heard and everything that could have followed from it was recorded. Never on age.
 */
export function redrive(said: SaidDocument | null, view: RedriveView): RedriveDecision {
  if (said === null || said.sequence === null) return { kind: 'owed', reason: 'it is in the outbox' };
  const { sequence, drive, incarnation } = said;
  if (incarnation > view.incarnation) return { kind: 'owed', reason: 'it was said after the look' };
  if (incarnation < view.incarnation)
    return { kind: 'say again', drive: drive + 1, reason: `it was said in incarnation ${incarnation} of the bus` };
  if (sequence < view.firstSequence || sequence === view.missing)
    return { kind: 'say again', drive: drive + 1, reason: `the stream no longer has message ${sequence}` };
  if (sequence > view.ackFloor)
    return { kind: 'owed', reason: `message ${sequence} is not acked, the floor is ${view.ackFloor}` };
  if (view.ownPending > 0) return { kind: 'owed', reason: `${view.ownPending} events are still to be recorded` };
  return { kind: 'say again', drive: drive + 1, reason: `message ${sequence} was heard, and nothing came of it` };
}

/** Puts the last event of an activation into the outbox once more. */
export function sayAgain(activation: ActivationDocument, stage: DrivenStage, drive: number): Changes {
  const { org, env, generation } = activation;
  const said: SaidDocument = { org, env, generation, stage, sequence: null, incarnation: 0, drive };
  return {
    puts: [{ ...saidAt(org, env, generation, stage), body: said }],
    removes: [],
    appends: [lastEvent(activation, stage, drive)],
  };
}

const kindsByStage: Readonly<Record<DrivenStage, readonly ArtifactKind[]>> = {
  revised: ['revision', 'derivation', 'facts', 'policy', 'difference', 'composition'],
  planned: ['revision', 'derivation', 'facts', 'difference', 'composition', 'plan'],
  resolved: ['revision', 'derivation', 'facts', 'difference', 'plan', 'resolution'],
  decided: ['derivation', 'plan', 'resolution', 'findings', 'approval'],
};

// What another stage said is said again in its name: all of it is recorded, and only the drive differs.
function lastEvent(activation: ActivationDocument, stage: DrivenStage, drive: number): Append {
  const { actor, cause, traceparent } = activation;
  const body = { ...activationRef(activation), bundle: namedBundle(pickArtifacts(activation, kindsByStage[stage])) };
  const options = { inputId: activation.submission ?? activation.activation, drive, traceparent };
  switch (stage) {
    case 'revised':
      return say(environmentRevised, { ...body, actor, cause }, options);
    case 'planned':
      return say(planDrafted, body, options);
    case 'resolved':
      return say(resolutionRecorded, body, options);
    case 'decided':
      return say(activationApproved, body, options);
  }
}
