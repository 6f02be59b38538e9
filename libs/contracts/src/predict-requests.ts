import type { ArtifactKind } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { HitRate, PastChange, PredictedService, PredictionOutcome } from '@microstax/model/prediction';
import { defineRequest } from './request-contract.ts';

export type PredictRequest = {
  /** Canonical bytes of the artifacts of one generation: what is planned from. */
  readonly artifacts: { readonly [kind in ArtifactKind]?: string | undefined };
  /** Files and image names that changed. */
  readonly changed: readonly string[];
  readonly history: readonly PastChange[];
  /** An overlay that is going to derive from the environment of the artifacts; null: that one itself is going to change. */
  readonly overlay: string | null;
};
export type PredictReply = {
  readonly services: readonly PredictedService[];
  /** Changed words that say nothing about any service. */
  readonly unmatched: readonly string[];
  /** What would be planned if the services that are likely to change did; null where that is refused. */
  readonly plan: Plan | null;
  readonly findings: readonly Finding[];
};
export const predict = defineRequest<PredictRequest, PredictReply>(
  'planner',
  'predict',
  'the services that changed files and images are likely to change, and a provisional plan',
);

/** What was changed together before, in all environments under the same root. */
export const pastChanges = defineRequest<{ readonly env: string }, { readonly changes: readonly PastChange[] }>(
  'graph',
  'past-changes',
  'what was changed together before, under the same root',
);

/** A prediction that is kept until the environment's next plan confirms or discards it. */
export type KeptPrediction = {
  readonly env: string;
  readonly changed: readonly string[];
  /** Services predicted to change, most likely first. */
  readonly services: readonly Pick<PredictedService, 'service' | 'percent'>[];
  /** Services that the provisional plan runs locally, sorted. */
  readonly local: readonly string[];
};
export type PredictionItem = KeptPrediction & {
  /** Counts from 1 in each environment. */
  readonly n: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** null while nothing was planned since. */
  readonly outcome: PredictionOutcome | null;
};
export const keepPrediction = defineRequest<KeptPrediction, { readonly n: number }>(
  'graph',
  'keep-prediction',
  'keeps a prediction until a plan confirms or discards it',
);

export type PredictionsReply = { readonly items: readonly PredictionItem[]; readonly rate: HitRate };
export const predictionsOf = defineRequest<{ readonly env?: string | undefined }, PredictionsReply>(
  'graph',
  'predictions',
  'predictions with what came of them, and their hit rate',
);

export const predictRequests = [predict, pastChanges, keepPrediction, predictionsOf] as const;
