import type { Place, Put } from './changes.ts';
import type { EnvironmentDocument } from './documents.ts';
import { environmentAt, waitingAt } from './places.ts';

/**
 * Notes that an environment failed waiting for a provider (protocol 13). The provider's row is bumped, so that the
 * commit in which it becomes ready sees the note, or this one sees that it is ready.
 */
export function waitingPuts(child: EnvironmentDocument, provider: EnvironmentDocument): Put[] {
  return [
    { ...waitingAt(child.org, provider.env, child.env), body: { child: child.env } },
    { ...environmentAt(provider.org, provider.env), body: { ...provider, touched: provider.touched + 1 } },
  ];
}

export function waitingPlaces({ org, env, waitingFor }: EnvironmentDocument): Place[] {
  return waitingFor.map((provider) => waitingAt(org, provider, env));
}
