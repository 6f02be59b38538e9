import type { Finding } from '@microstax/model/finding';
import type { ActivationId } from '@microstax/model/names';
import { type Changes, noChanges } from './changes.ts';
import { derive } from './derive.ts';
import type { DerivedArtifacts } from './derive-artifacts.ts';
import type { DeriveRequest, DeriveState } from './derive-state.ts';
import type { EnvironmentDocument, MovedPreview, TimerDocument } from './documents.ts';
import { served } from './offer.ts';
import { environmentAt } from './places.ts';
import { preview } from './preview.ts';

export type MovedDecision =
  /** The environment follows by itself, or there is nothing to follow. */
  | { readonly kind: 'derive' }
  /** What the stages are to decide about; the note of it is in the changes. */
  | {
      readonly kind: 'preview';
      readonly activation: ActivationId;
      readonly derived: DerivedArtifacts;
      readonly changes: Changes;
    }
  | { readonly kind: 'refused'; readonly changes: Changes };

/**
 * Whether a moved parent is followed, or previewed first, as the environment's own routing says. One that serves
 * nothing, is not wanted, or failed waiting for just this parent has nothing to protect and is derived.
 */
export function decideMoved({ cause }: TimerDocument, request: DeriveRequest, state: DeriveState): MovedDecision {
  const { self, own } = state;
  if (cause.kind !== 'parent moved' || own.value.routing.parentMoved !== 'preview') return { kind: 'derive' };
  if (self === null || served(self) === null || self.wanted !== 'running') return { kind: 'derive' };
  if (self.waitingFor.includes(cause.parent) || derive(request, state).kind === 'unchanged') return { kind: 'derive' };
  const { parent, parentGeneration } = cause;
  const activation: ActivationId = `${self.env}@preview-moved-${parent}-${parentGeneration}`;
  const note: MovedPreview = { parent, parentGeneration, activation, verdict: null, reason: null };
  const decision = preview(request, state);
  if (decision.kind === 'refused') {
    const reason = firstReason(decision.findings);
    return { kind: 'refused', changes: noted(self, { ...note, verdict: 'refused', reason }) };
  }
  // A timer that is fired again after a crash says the same once more and forgets no verdict.
  const changes = self.movedPreview?.activation === activation ? noChanges : noted(self, note);
  return { kind: 'preview', activation, derived: decision.derived, changes };
}

/** What the stages decided about a preview is noted, unless a newer one, or a derivation, took its place. */
export function noteVerdict(
  environment: EnvironmentDocument | null,
  activation: string,
  {
    verdict,
    findings,
  }: { readonly verdict: NonNullable<MovedPreview['verdict']>; readonly findings: readonly Finding[] },
): Changes {
  const pending = environment?.movedPreview;
  if (environment === null || pending?.activation !== activation || pending.verdict !== null) return noChanges;
  const reason = verdict === 'approved' ? null : firstReason(findings);
  return noted(environment, { ...pending, verdict, reason });
}

/** What is derived from the same inputs again needs no preview any more. */
export function forgotten(environment: EnvironmentDocument | null | undefined): Changes {
  return environment?.movedPreview ? noted(environment, null) : noChanges;
}

/** Whether the stages decide about a preview that a moved parent caused. */
export function isMovedPreview(activation: string): boolean {
  return /^[a-z0-9-]+@preview-moved-/.test(activation);
}

function noted(environment: EnvironmentDocument, movedPreview: MovedPreview | null): Changes {
  const { org, env } = environment;
  return { puts: [{ ...environmentAt(org, env), body: { ...environment, movedPreview } }], removes: [], appends: [] };
}

function firstReason(findings: readonly Finding[]): string | null {
  return findings.find(({ severity }) => severity === 'error')?.reason ?? null;
}
