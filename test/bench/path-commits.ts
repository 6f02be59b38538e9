import type { GraphOverrides } from '@microstax/graph/service';

type CommitNote = Parameters<NonNullable<GraphOverrides['onCommit']>>[0];

/**
 * Adds up the commits that an activation waits for: the derivation, the record of the approval, the claim, the appends.
 * Records of plans and resolutions and the relay's notes happen beside it and do not count.
 */
export class PathCommits {
  #sumMs = 0;
  #count = 0;

  note({ batch, tookMs }: CommitNote): void {
    if (!isOnThePath(batch)) return;
    this.#sumMs += tookMs;
    this.#count += 1;
  }

  /** Since the last time. */
  take(): { readonly sumMs: number; readonly count: number } {
    const taken = { sumMs: this.#sumMs, count: this.#count };
    this.#sumMs = 0;
    this.#count = 0;
    return taken;
  }
}

function isOnThePath({ puts, appends }: CommitNote['batch']): boolean {
  const records = (stage: string): boolean =>
    puts.some(({ collection, body }) => collection === 'activations' && (body as { stage: string }).stage === stage);
  const journals = puts.some(({ collection }) => collection === 'journal');
  return journals || (appends.length > 0 && records('revised')) || records('decided');
}
