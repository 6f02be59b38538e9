import type { Finding } from '@microstax/model/finding';
import type { ActivationId } from '@microstax/model/names';
import { type DerivedArtifacts, deriveArtifacts } from './derive-artifacts.ts';
import { refusalsOf } from './derive-checks.ts';
import type { DeriveRequest, DeriveState } from './derive-state.ts';

export type PreviewDecision =
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] }
  | { readonly kind: 'previewed'; readonly activation: ActivationId; readonly derived: DerivedArtifacts };

/** Protocol 30: always computed, never recorded; orders and answers do not count. */
export function preview(request: DeriveRequest, state: DeriveState): PreviewDecision {
  const findings = refusalsOf(request, state);
  if (findings.length > 0) return { kind: 'refused', findings };
  const activation: ActivationId = `${request.env}@preview-${request.submission?.id ?? ''}`;
  return { kind: 'previewed', activation, derived: deriveArtifacts(request, state) };
}
