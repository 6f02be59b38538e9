import type { EnvironmentStatus } from '@microstax/model/status';

export type AwaitVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting' }
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
  // A provider that was resumed serves again once it is ready, not while its stopped generation is the newest ready one.
  if (serving !== null && servingWanted !== 'stopped' && servingWanted !== 'deleted') return { kind: 'ready' };
  if (outcome === 'failed' || outcome === 'denied' || outcome === 'refused') {
    return {
      kind: 'hopeless',
      reason: `provider "${provider}" serves nothing and its newest activation is ${outcome}: ${reason}`,
    };
  }
  return { kind: 'waiting' };
}
