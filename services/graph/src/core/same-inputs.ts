import type { SubmissionOrder } from '@microstax/contracts/fields';
import type { Derivation } from '@microstax/model/derivation';

/** Whether `a` came after `b` (protocol 1). */
export function isNewer(a: SubmissionOrder, b: SubmissionOrder): boolean {
  return a.incarnation > b.incarnation || (a.incarnation === b.incarnation && a.sequence > b.sequence);
}

/**
 * Protocol 3: revision, lineage, ancestors' offers, wanted state and policy. Other facts alone are no change, nor is a
 * new generation of an ancestor that says what the last one said.
 */
export function sameInputs(a: Derivation, b: Derivation): boolean {
  return inputsText(a) === inputsText(b);
}

function inputsText({ revision, lineage, outside, wanted, policy }: Derivation): string {
  return JSON.stringify([
    revision,
    lineage.map((entry) => [entry.env, entry.link, entry.revision, entry.offer.revision]),
    outside.map((entry) => [entry.env, entry.revision]),
    wanted,
    policy,
  ]);
}
