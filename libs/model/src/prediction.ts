/** Something that speaks for a service to be changed, in words; `percent` is how likely that alone makes it. */
export type PredictionSignal = {
  readonly kind: 'image' | 'path' | 'name' | 'history' | 'together';
  readonly percent: number;
  readonly text: string;
};

/** How likely a service is changed, 1 to 99, and what speaks for it, strongest first. */
export type PredictedService = {
  readonly service: string;
  readonly percent: number;
  readonly signals: readonly PredictionSignal[];
};

/** What was changed together once: files and image names where they are known, and services. Both sorted. */
export type PastChange = { readonly words: readonly string[]; readonly services: readonly string[] };

/** From here on a service counts as predicted to change, and enters the provisional plan. */
export const predictedFromPercent = 50;

/** What came of a prediction once the environment was planned. */
export type PredictionOutcome = {
  /** The generation whose plan it was compared with. */
  readonly generation: number;
  /** Services that this plan runs locally, sorted. */
  readonly local: readonly string[];
  /** Services that the environment declares differently from its parent, sorted. */
  readonly changed: readonly string[];
  readonly hits: number;
  /** Predicted local, and are not. */
  readonly wrong: number;
  /** Local, and were not predicted. */
  readonly missed: number;
  /** `confirmed` where hits are at least half of all that was predicted or is local. */
  readonly verdict: 'confirmed' | 'discarded';
};

/** Compares what was predicted to run here with what does. */
export function outcomeOf(
  predicted: readonly string[],
  actual: Pick<PredictionOutcome, 'generation' | 'local' | 'changed'>,
): PredictionOutcome {
  const local = new Set(actual.local);
  const hits = predicted.filter((service) => local.has(service)).length;
  const wrong = predicted.length - hits;
  const missed = local.size - hits;
  const verdict = 2 * hits >= hits + wrong + missed ? 'confirmed' : 'discarded';
  return { ...actual, hits, wrong, missed, verdict };
}

/** How good predictions were: over all of them that were compared. Percentages are rounded; null where nothing counts. */
export type HitRate = {
  readonly predictions: number;
  readonly confirmed: number;
  /** Of what was predicted local: how much was. */
  readonly precisionPercent: number | null;
  /** Of what was local: how much was predicted. */
  readonly recallPercent: number | null;
};

export function hitRateOf(outcomes: readonly PredictionOutcome[]): HitRate {
  const sum = (part: 'hits' | 'wrong' | 'missed'): number => outcomes.reduce((total, one) => total + one[part], 0);
  const [hits, wrong, missed] = [sum('hits'), sum('wrong'), sum('missed')];
  const share = (of: number): number | null => (of === 0 ? null : Math.round((100 * hits) / of));
  return {
    predictions: outcomes.length,
    confirmed: outcomes.filter(({ verdict }) => verdict === 'confirmed').length,
    precisionPercent: share(hits + wrong),
    recallPercent: share(hits + missed),
  };
}
