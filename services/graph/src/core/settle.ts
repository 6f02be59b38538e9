import { activationFailed } from '@microstax/contracts/activation-failed';
import { activationSuperseded } from '@microstax/contracts/activation-superseded';
import { activationRef } from '@microstax/contracts/fields';
import type { Finding } from '@microstax/model/finding';
import { audit } from './audit.ts';
import type { Append, Changes, Put } from './changes.ts';
import type { ActivationDocument, EnvironmentDocument } from './documents.ts';
import { say } from './outbox.ts';
import { activationAt } from './places.ts';

type Ending =
  | { readonly outcome: 'ready' | 'denied' | 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string; readonly execution: string | null }
  | { readonly outcome: 'superseded'; readonly reason: string; readonly by: number };

/** Gives an activation its one outcome: its row, the event where the graph is the one to say it, and the audit leaf. */
export function settle(
  activation: ActivationDocument,
  ending: Ending,
  { now, findings = [] }: { readonly now: number; readonly findings?: readonly Finding[] },
): Changes {
  const settled: ActivationDocument = {
    ...activation,
    stage: 'settled',
    outcome: ending.outcome,
    reason: ending.reason,
    findings: [...activation.findings, ...findings],
  };
  const leaf = audit(activation.org, {
    at: now,
    actor: activation.actor,
    verb: ending.outcome,
    subject: activation.activation,
    digest: activation.derivation,
    submission: activation.submission,
  });
  return { puts: [activationPut(settled)], removes: [], appends: [...sayings(activation, ending), leaf] };
}

export function activationPut(activation: ActivationDocument): Put {
  return { ...activationAt(activation.org, activation.env, activation.generation), body: activation };
}

/** The environment once a generation has its outcome. */
export function withoutOpen(environment: EnvironmentDocument, generation: number): EnvironmentDocument {
  return { ...environment, open: environment.open.filter((open) => open !== generation) };
}

function sayings(activation: ActivationDocument, ending: Ending): Append[] {
  const ref = activationRef(activation);
  const { traceparent } = activation;
  if (ending.outcome === 'failed') {
    const body = { ...ref, reason: ending.reason, execution: ending.execution };
    return [say(activationFailed, body, { inputId: activation.activation, traceparent })];
  }
  if (ending.outcome === 'superseded') {
    const body = { ...ref, reason: ending.reason, by: ending.by };
    return [say(activationSuperseded, body, { inputId: activation.activation, traceparent })];
  }
  return [];
}
