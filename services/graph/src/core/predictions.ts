import type { KeptPrediction, PredictionItem, PredictionsReply } from '@microstax/contracts/predict-requests';
import type { Difference } from '@microstax/model/difference';
import type { Plan } from '@microstax/model/plan';
import { hitRateOf, outcomeOf, type PredictionOutcome } from '@microstax/model/prediction';
import type { Changes } from './changes.ts';
import { predictionAt } from './places.ts';

/** A prediction as it is stored: kept until the next plan of its environment, and then with what came of it. */
export type PredictionDocument = PredictionItem & {
  readonly org: string;
  /** The environment's generation when it was predicted; 0 where there was none. */
  readonly generation: number;
};

/** A plan that was made since, with what was declared for it. */
export type PlannedSince = {
  readonly generation: number;
  readonly plan: Pick<Plan, 'placements'>;
  readonly difference: Pick<Difference, 'services'>;
};

export type Keeping = {
  readonly org: string;
  readonly now: number;
  readonly last: number;
  readonly generation: number;
};

const keptWordsMax = 1_000; // a change of more files says little about any of them

/** Stores a prediction under the next number of its environment. */
export function keepPrediction(
  prediction: KeptPrediction,
  { org, now, last, generation }: Keeping,
): { readonly n: number; readonly changes: Changes } {
  const n = last + 1;
  const { env, services, local } = prediction;
  const changed = prediction.changed.slice(0, keptWordsMax);
  const body: PredictionDocument = { org, env, n, at: now, generation, changed, services, local, outcome: null };
  return { n, changes: { puts: [{ ...predictionAt(org, env, n), body }], removes: [], appends: [] } };
}

/** What the first plan since makes of a prediction. */
export function settlePrediction({ local }: PredictionDocument, { generation, plan, difference }: PlannedSince) {
  const here = plan.placements.filter(({ kind }) => kind === 'local').map(({ service }) => service);
  const own = difference.services.filter(({ declared, state }) => declared && movedStates.has(state));
  const changed = own.map(({ service }) => service);
  return outcomeOf(local, { generation, local: here, changed }) satisfies PredictionOutcome;
}

const movedStates: ReadonlySet<string> = new Set(['added', 'changed']);

/** Newest first, with the rate over all that were compared. */
export function predictionsReply(documents: readonly PredictionDocument[]): PredictionsReply {
  const items = [...documents]
    .sort((a, b) => b.at - a.at || (a.env < b.env ? -1 : 1) || b.n - a.n)
    .map(({ org: _, generation: __, ...item }): PredictionItem => item);
  return { items, rate: hitRateOf(items.flatMap(({ outcome }) => outcome ?? [])) };
}
