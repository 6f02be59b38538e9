import type { Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import type { JudgeInput } from './judge-activation.ts';

/** That the artifacts were made from one another: an approval of what does not belong together would mean nothing. */
export function checkOrigin({ derivation, plan, resolution }: JudgeInput): Finding[] {
  return [
    ...mismatch('plan', 'derivation', plan.value.derivation, derivation.digest),
    ...mismatch('resolution', 'plan', resolution.value.plan, plan.digest),
    ...mismatch('resolution', 'composition', resolution.value.composition, plan.value.composition),
  ];
}

function mismatch(artifact: string, source: string, named: Digest, found: Digest): Finding[] {
  if (named === found) return [];
  const reason = `the ${artifact} was made from ${source} ${named}, but ${found} came with it`;
  return [
    { severity: 'error', code: 'artifact-mismatch', subject: artifact, reason, next: 'activate again: msx retry' },
  ];
}
