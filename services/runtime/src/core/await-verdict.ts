import type { EnvironmentStatus } from '@microstax/model/status';

export type AwaitVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting' }
  /** It has to be woken first. */
  | { readonly kind: 'asleep' }
  | { readonly kind: 'hopeless'; readonly reason: string };

/** Protocol 21: what a provider's status says to a child that waits for it. A hint; the graph's append checks it. */
export function awaitVerdict(provider: string, status: EnvironmentStatus | undefined): AwaitVerdict {
  if (status === undefined) return { kind: 'waiting' };
  const { state, wanted, serving, servingWanted, outcome, reason } = status;
  if (wanted === 'stopped' || state === 'stopped') {
    return { kind: 'hopeless', reason: `provider "${provider}" is stopped; next: msx resume ${provider}` };
  }
  if (wanted === 'deleted' || state === 'deleted' || state === 'deleting') {
    return { kind: 'hopeless', reason: `provider "${provider}" is deleted` };
  }
  if (wanted === 'asleep') return { kind: 'asleep' };
  // A provider that was resumed or woken serves once it is ready, not while the generation before is the newest ready one.
  const rests = servingWanted === 'stopped' || servingWanted === 'deleted' || servingWanted === 'asleep';
  if (serving !== null && !rests) return { kind: 'ready' };
  if (outcome === 'failed' || outcome === 'denied' || outcome === 'refused') {
    return {
      kind: 'hopeless',
      reason: `provider "${provider}" ${servingWanted === 'asleep' ? 'sleeps' : 'serves nothing'} and its newest activation is ${outcome}: ${reason}`,
    };
  }
  return { kind: 'waiting' };
}
