import { compareText, sortedBy } from '@microstax/model/compare';
import type { Difference } from '@microstax/model/difference';
import type { PastChange } from '@microstax/model/prediction';
import type { Revision } from '@microstax/model/revision';
import { specDigest } from '@microstax/model/service-spec';
import type { PredictionDocument } from './predictions.ts';

/** What the store knows of the changes of one environment; `revision` only of a root, whose changes are its own. */
export type PastDerivation = {
  readonly env: string;
  readonly generation: number;
  readonly difference: Difference;
  readonly revision?: Revision;
};

/**
 * What was changed together: in an overlay what it declares differently from its parent, in a root what differs from its
 * revision before. The words are the images that came, and, where a prediction was made before that generation, the
 * files that it was made from. Derivations are given by environment, oldest first, each revision once.
 */
export function pastChanges(
  derivations: readonly PastDerivation[],
  predictions: readonly PredictionDocument[],
): readonly PastChange[] {
  const words = Map.groupBy(
    predictions.filter(({ outcome }) => outcome !== null),
    ({ env, outcome }) => `${env}@${outcome?.generation}`,
  );
  const before = new Map<string, Revision>();
  return derivations.flatMap((derivation): PastChange[] => {
    const { env, generation, revision } = derivation;
    const change = revision === undefined ? ofOverlay(derivation) : ofRoot(before.get(env), revision);
    if (revision !== undefined) before.set(env, revision);
    if (change === null || change.services.length === 0) return [];
    const predicted = (words.get(`${env}@${generation}`) ?? []).flatMap(({ changed }) => changed);
    return [{ ...change, words: [...new Set([...change.words, ...predicted])].sort(compareText) }];
  });
}

function ofOverlay({ difference }: PastDerivation): PastChange {
  const own = difference.services.filter(
    ({ declared, state }) => declared && (state === 'changed' || state === 'added'),
  );
  const images = own.flatMap(({ changes }) => changes.filter(({ pointer }) => pointer === '/image'));
  return {
    words: [...new Set(images.flatMap(({ after }) => (after === null ? [] : [unquoted(after)])))].sort(compareText),
    services: own.map(({ service }) => service),
  };
}

/** null for the first revision, which changes nothing. */
function ofRoot(before: Revision | undefined, now: Revision): PastChange | null {
  if (before === undefined) return null;
  const old = new Map(before.services.flatMap((one) => (one.kind === 'run' ? [[one.name, one.spec] as const] : [])));
  const changed = now.services.flatMap((one) => {
    if (one.kind !== 'run') return [];
    const was = old.get(one.name);
    return was !== undefined && specDigest(was) === specDigest(one.spec) ? [] : [one.spec];
  });
  const images = changed.flatMap(({ name, image }) =>
    image === undefined || old.get(name)?.image === image ? [] : [image],
  );
  return {
    words: [...new Set(images)].sort(compareText),
    services: sortedBy(changed, ({ name }) => name).map(({ name }) => name),
  };
}

function unquoted(text: string): string {
  return text.replace(/^"|"$/g, '');
}
