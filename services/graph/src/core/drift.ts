import type { EnvironmentDocument } from './documents.ts';

/** Protocol 24: derived again three times in ten minutes, then it stays as it is and says so. */
const driftsMax = 3;
const driftWindowMs = 10 * 60_000;

export type DriftJudgement =
  | { readonly kind: 'fenced'; readonly epoch: number }
  /** The newest generation is not claimed yet: its execution will find the inventory without what was lost. */
  | { readonly kind: 'on its way'; readonly generation: number }
  | { readonly kind: 'degraded'; readonly environment: EnvironmentDocument }
  /** Nothing is gone but what made it degraded: whoever starts, or finds the bus again, tells of it once more. */
  | { readonly kind: 'still degraded' }
  | { readonly kind: 'derive'; readonly environment: EnvironmentDocument };

type Observed = {
  readonly epoch: number;
  readonly orderly: boolean;
  readonly services: readonly string[];
  readonly now: number;
};

/** What follows from something that serves and is gone. An orderly end does not count. */
export function judgeDrift(
  environment: EnvironmentDocument,
  { epoch, orderly, services, now }: Observed,
): DriftJudgement {
  if (environment.epoch !== epoch) return { kind: 'fenced', epoch: environment.epoch };
  const unclaimed = environment.open.find((generation) => generation > (environment.target?.generation ?? 0));
  if (unclaimed !== undefined) return { kind: 'on its way', generation: environment.open.at(-1) ?? unclaimed };
  const givenUp = environment.degraded ? (environment.givenUp ?? []) : [];
  if (orderly && givenUp.length > 0 && services.every((service) => givenUp.includes(service)))
    return { kind: 'still degraded' };
  if (orderly) return { kind: 'derive', environment };
  const drifts = environment.drifts.filter((at) => at > now - driftWindowMs);
  if (drifts.length >= driftsMax)
    return {
      kind: 'degraded',
      environment: {
        ...environment,
        drifts,
        degraded: true,
        givenUp: [...new Set([...givenUp, ...services])].sort(),
        updatedAt: now,
      },
    };
  return { kind: 'derive', environment: { ...environment, drifts: [...drifts, now] } };
}
