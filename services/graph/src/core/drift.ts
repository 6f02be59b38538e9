import type { EnvironmentDocument } from './documents.ts';

/** Protocol 24: derived again three times in ten minutes, then it stays as it is and says so. */
const driftsMax = 3;
const driftWindowMs = 10 * 60_000;

export type DriftJudgement =
  | { readonly kind: 'fenced'; readonly epoch: number }
  /** The newest generation is not claimed yet: its execution will find the inventory without what was lost. */
  | { readonly kind: 'on its way'; readonly generation: number }
  | { readonly kind: 'degraded'; readonly environment: EnvironmentDocument }
  | { readonly kind: 'derive'; readonly environment: EnvironmentDocument };

/** What follows from something that serves and is gone. An orderly end does not count. */
export function judgeDrift(
  environment: EnvironmentDocument,
  { epoch, orderly, now }: { readonly epoch: number; readonly orderly: boolean; readonly now: number },
): DriftJudgement {
  if (environment.epoch !== epoch) return { kind: 'fenced', epoch: environment.epoch };
  const unclaimed = environment.open.find((generation) => generation > (environment.target?.generation ?? 0));
  if (unclaimed !== undefined) return { kind: 'on its way', generation: environment.open.at(-1) ?? unclaimed };
  if (orderly) return { kind: 'derive', environment };
  const drifts = environment.drifts.filter((at) => at > now - driftWindowMs);
  if (drifts.length >= driftsMax)
    return { kind: 'degraded', environment: { ...environment, drifts, degraded: true, updatedAt: now } };
  return { kind: 'derive', environment: { ...environment, drifts: [...drifts, now] } };
}
