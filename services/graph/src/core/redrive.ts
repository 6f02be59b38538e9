import type { Stage } from '@microstax/model/status';
import type { SaidDocument } from './documents.ts';

/** What the bus knows of the stream and of the consumer that has to hear the event next. */
export type RedriveView = {
  readonly firstSequence: number;
  /** Read after `ackFloor`. */
  readonly lastSequence: number;
  readonly ackFloor: number;
  /** What the graph's own durable of the next stage has neither been given nor acked, up to `lastSequence`. */
  readonly ownPending: number;
};

export type RedriveDecision =
  | { readonly kind: 'say again'; readonly drive: number; readonly reason: string }
  | { readonly kind: 'owed'; readonly reason: string };

/**
 * Protocol 28: an activation whose stored stage has not moved on is driven again only where the bus no longer owes it:
 * the event is gone, or it was heard and everything that could have followed from it was recorded. Never on age.
 */
export function redrive(said: SaidDocument | null, view: RedriveView): RedriveDecision {
  if (said === null) return { kind: 'owed', reason: 'the relay has it in the outbox' };
  const { sequence, drive } = said;
  if (sequence < view.firstSequence || sequence > view.lastSequence)
    return { kind: 'say again', drive: drive + 1, reason: `the stream no longer has message ${sequence}` };
  if (sequence > view.ackFloor)
    return { kind: 'owed', reason: `message ${sequence} is not acked, the floor is ${view.ackFloor}` };
  if (view.ownPending > 0) return { kind: 'owed', reason: `${view.ownPending} events are still to be recorded` };
  return { kind: 'say again', drive: drive + 1, reason: `message ${sequence} was heard, and nothing came of it` };
}

/** Stages in which an event waits for somebody; a claimed activation waits for its owner, which the lease watches. */
export function isDriven(stage: Stage): boolean {
  return stage === 'revised' || stage === 'planned' || stage === 'resolved' || stage === 'decided';
}
