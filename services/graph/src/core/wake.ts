import type { WakeReply } from '@microstax/contracts/graph-requests';
import type { Outcome } from '@microstax/model/status';
import { type Changes, noChanges } from './changes.ts';
import { type DeriveDecision, derive } from './derive.ts';
import type { DeriveRequest, DeriveState } from './derive-state.ts';
import { isAwake } from './offer.ts';
import { traceIdOf } from './trace-id.ts';

export type Waking = {
  readonly org: string;
  readonly env: string;
  readonly traceparent: string | null;
  readonly now: number;
};

export type WakeDecision = {
  readonly reply: WakeReply;
  readonly changes: Changes;
  /** Present where a generation was derived, or could not be. */
  readonly decision?: DeriveDecision;
};

/**
 * Wakes what sleeps: a new generation with cause `wake-up` (protocol 14). Asked again while that is on its way, or once it
 * has ended, it only says so: a wake-up that failed is tried again by `retry`, not by every request that arrives.
 */
export function wakeUp(waking: Waking, state: DeriveState | null): WakeDecision {
  const self = state?.self;
  if (!state || !self) return answer({ kind: 'unknown' });
  const { wanted } = self;
  if (wanted === 'stopped' || wanted === 'deleted') return answer({ kind: 'not wanted', wanted });
  if (wanted === 'running') {
    if (isAwake(self)) return answer({ kind: 'awake' });
    const { outcome = null, reason = '' } = state.newest ?? {};
    if (isBad(outcome)) return answer({ kind: 'failed', reason });
    return answer({ kind: 'waking', generation: self.generation });
  }
  const decision = derive(requestOf(waking, state), state);
  const { changes } = decision;
  if (decision.kind === 'revised')
    return { reply: { kind: 'waking', generation: decision.activation.generation }, changes, decision };
  const reason = decision.kind === 'refused' ? decision.findings.map((one) => one.reason).join('; ') : decision.kind;
  return { reply: { kind: 'failed', reason }, changes, decision };
}

function answer(reply: WakeReply): WakeDecision {
  return { reply, changes: noChanges };
}

function isBad(outcome: Outcome | null): boolean {
  return outcome === 'failed' || outcome === 'denied' || outcome === 'refused';
}

function requestOf({ org, env, traceparent, now }: Waking, { newest }: DeriveState): DeriveRequest {
  const linked = traceIdOf(newest?.traceparent ?? null);
  return {
    org,
    env,
    cause: { kind: 'wake-up' },
    actor: newest?.actor ?? { name: 'local', proof: 'loopback' },
    submission: null,
    wanted: 'running',
    always: false,
    traceparent,
    linkedTraces: linked === null ? [] : [linked], // protocol 31
    now,
  };
}
