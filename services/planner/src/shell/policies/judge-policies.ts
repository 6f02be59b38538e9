import type { Finding } from '@microstax/model/finding';
import type { PolicyBundle } from '@microstax/model/policy';
import { type PlanInput, weighCandidates } from '../../core/plan.ts';
import {
  candidateSubjects,
  environmentSubject,
  policiesAbout,
  type Subject,
  serviceSubjects,
  verdictsOf,
} from '../../core/policy-subjects.ts';
import { noVerdicts, type Verdicts } from '../../core/verdicts.ts';
import type { PolicyWorkers } from './policy-workers.ts';

/** What the policies say; or why one of them says nothing, which denies. */
export type Judgement =
  | { readonly kind: 'judged'; readonly verdicts: Verdicts }
  | { readonly kind: 'denied'; readonly findings: readonly Finding[] };

/**
 * Asks the policies about every service, then about the candidates that follow (design 5.3). Rejects with `Unavailable`
 * where an evaluation takes too long: that is an outage, never a verdict.
 */
export async function judgePolicies(
  input: PlanInput,
  bundle: PolicyBundle,
  workers: PolicyWorkers,
): Promise<Judgement> {
  if (bundle.length === 0) return { kind: 'judged', verdicts: noVerdicts };
  const { wanted } = input.derivation.value;
  if (wanted === 'stopped' || wanted === 'deleted') return { kind: 'judged', verdicts: noVerdicts };
  const env = environmentSubject(input);
  const services = await ask(policiesAbout(bundle, 'services'), 'service', serviceSubjects(input), env, workers);
  if (services.kind === 'denied') return services;
  const vetoing = policiesAbout(bundle, 'candidates');
  if (vetoing.length === 0) return services;
  const weighed = weighCandidates({ ...input, verdicts: services.verdicts });
  const vetoes = await ask(vetoing, 'candidate', candidateSubjects(weighed), env, workers);
  if (vetoes.kind === 'denied') return vetoes;
  return { kind: 'judged', verdicts: { ...services.verdicts, vetoes: vetoes.verdicts.vetoes } };
}

async function ask(
  policies: PolicyBundle,
  about: 'service' | 'candidate',
  subjects: readonly Subject[],
  env: Subject,
  workers: PolicyWorkers,
): Promise<Judgement> {
  if (policies.length === 0 || subjects.length === 0) return { kind: 'judged', verdicts: noVerdicts };
  const expressions = policies.map(({ when }) => when);
  const answer = await workers.evaluate({ expressions, about, subjects, env });
  if (answer.kind === 'hits') return { kind: 'judged', verdicts: verdictsOf(policies, subjects, answer.hits) };
  return {
    kind: 'denied',
    findings: answer.failures.map(({ policy, reason }) => {
      const name = policies[policy]?.name ?? String(policy);
      return {
        severity: 'error',
        code: 'policy-failed',
        subject: name,
        reason: `policy "${name}" could not be evaluated: ${reason}`,
        next: `mend the expression of "${name}" where the policies are kept, then: msx retry`,
      };
    }),
  };
}
