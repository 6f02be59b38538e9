import type { JobResult } from '@microstax/model/journal';

/** What an act on the world came to. */
export type JobOutcome =
  | { readonly kind: 'done'; readonly result?: JobResult; readonly reason?: string }
  /** `again`: the same may succeed a moment later. */
  | { readonly kind: 'failed'; readonly reason: string; readonly again: boolean }
  /** Neither: it has to be read back. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** A newer owner was here: this one stops at once. */
  | { readonly kind: 'fenced'; readonly reason: string }
  /** It only waited, and was told to give up. */
  | { readonly kind: 'cancelled' };

export function failed(reason: string): JobOutcome {
  return { kind: 'failed', reason, again: false };
}

export function tryAgain(reason: string): JobOutcome {
  return { kind: 'failed', reason, again: true };
}
