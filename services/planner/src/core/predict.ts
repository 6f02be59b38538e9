import { compareText, sortedBy } from '@microstax/model/compare';
import type { PastChange, PredictedService, PredictionSignal } from '@microstax/model/prediction';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { declaredSignals } from './predict-declared.ts';

/** What is predicted from. Names of files use `/`, relative to wherever the Blueprint's own paths are. */
export type PredictInput = {
  /** Files and image names that changed. */
  readonly changed: readonly string[];
  readonly services: readonly ServiceSpec[];
  /** What was changed together before, in any order. */
  readonly history: readonly PastChange[];
};

export type Prediction = {
  /** Services for which anything speaks, most likely first. */
  readonly services: readonly PredictedService[];
  /** Changed words that say nothing about any service. */
  readonly unmatched: readonly string[];
};

/** How much less a folder says than the file itself, for each step up; a guess of ours, as the percentages below are. */
const percentOfParent = 80;
const foldersMax = 4;

/**
 * How likely each service is among those that are going to be changed. Three kinds of evidence are taken as independent,
 * so that p(s) = 1 − Π (1 − pᵢ), a noisy-or (Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988):
 * - what the Blueprint says of images, folders and names (`declaredSignals`);
 * - association rules over past changes (Zimmermann, Weißgerber, Diehl, Zeller, "Mining Version Histories to Guide
 *   Software Changes", TSE 2005): confidence(w ⇒ s) = support(w ∧ s) / (support(w) + 1) for a changed word w, or for the
 *   nearest folder of it that was ever changed, each step up counting 80 %. The 1 keeps a single coincidence at one half;
 * - services changed together: p(t) · support(t ∧ s) / (support(t) + 1) for each service t that the above speaks for.
 * Nothing is random and nothing is read but the input, so the same input gives the same answer.
 */
export function predictChanges({ changed, services, history }: PredictInput): Prediction {
  const words = [...new Set(changed)].sort(compareText);
  const specs = sortedBy(services, ({ name }) => name);
  const past = new PastChanges(history);
  const told = new Set<string>();
  const own = new Map<string, PredictionSignal[]>();
  for (const spec of specs) {
    const signals: PredictionSignal[] = [];
    for (const word of words) {
      const found = [...declaredSignals(word, spec), ...past.ofWord(word, spec.name)];
      if (found.length > 0) told.add(word);
      signals.push(...found);
    }
    if (signals.length > 0) own.set(spec.name, signals);
  }
  const predicted = specs.flatMap(({ name }): PredictedService[] => {
    const signals = [...(own.get(name) ?? []), ...past.together(name, own)];
    if (signals.length === 0) return [];
    const strongest = [...signals].sort((a, b) => b.percent - a.percent || compareText(a.text, b.text));
    return [{ service: name, percent: noisyOr(signals), signals: strongest }];
  });
  return {
    services: predicted.sort((a, b) => b.percent - a.percent || compareText(a.service, b.service)),
    unmatched: words.filter((word) => !told.has(word)),
  };
}

/** Whole per cent, never certain. Products of whole numbers in one order, so every machine rounds alike. */
function noisyOr(signals: readonly Pick<PredictionSignal, 'percent'>[]): number {
  const remaining = signals.map(({ percent }) => 100 - percent).sort((a, b) => a - b);
  const missed = remaining.reduce((product, percent) => (product * percent) / 100, 100);
  return Math.min(99, Math.max(1, Math.round(100 - missed)));
}

class PastChanges {
  readonly #history: readonly PastChange[];

  constructor(history: readonly PastChange[]) {
    this.#history = history;
  }

  /** The nearest folder of a word that was changed before; where it was, and what became of this service then. */
  ofWord(word: string, service: string): PredictionSignal[] {
    let share = 100;
    for (const place of placesOf(word)) {
      const like = this.#history.filter(({ words }) => words.some((one) => isIn(one, place)));
      if (like.length > 0) {
        const both = like.filter(({ services }) => services.includes(service)).length;
        const percent = Math.floor((share * both) / (like.length + 1));
        if (percent === 0) return [];
        return [{ kind: 'history', percent, text: `${both} of ${like.length} changes of ${place} changed it` }];
      }
      share = Math.floor((share * percentOfParent) / 100);
    }
    return [];
  }

  /** What was changed with the services that something speaks for. */
  together(service: string, own: ReadonlyMap<string, readonly PredictionSignal[]>): PredictionSignal[] {
    const signals: PredictionSignal[] = [];
    for (const [other, reasons] of own) {
      if (other === service) continue;
      const like = this.#history.filter(({ services }) => services.includes(other));
      const both = like.filter(({ services }) => services.includes(service)).length;
      const percent = Math.floor((noisyOr(reasons) * both) / (like.length + 1));
      if (percent === 0) continue;
      const text = `changed together with ${other} in ${both} of ${like.length} changes`;
      signals.push({ kind: 'together', percent, text });
    }
    return signals;
  }
}

/** The word itself, then its folders, nearest first; the root of everything says nothing. */
function placesOf(word: string): readonly string[] {
  const places = [word];
  let at = word.lastIndexOf('/');
  for (let step = 0; at > 0 && step < foldersMax; step += 1) {
    places.push(word.slice(0, at));
    at = word.lastIndexOf('/', at - 1);
  }
  return places;
}

function isIn(word: string, place: string): boolean {
  return word === place || word.startsWith(`${place}/`);
}
