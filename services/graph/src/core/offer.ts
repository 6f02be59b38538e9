import type { Pointer } from '@microstax/model/status';
import type { EnvironmentDocument } from './documents.ts';

/** What an environment serves; null where it never did, or what it serves is stopped or deleted (protocol 12). */
export function served({ serving, servingWanted }: EnvironmentDocument): Pointer {
  return servingWanted === 'running' || servingWanted === 'asleep' ? serving : null;
}

/** Whether what it serves runs: asleep it serves too, and has to be woken first. */
export function isAwake({ serving, servingWanted }: EnvironmentDocument): boolean {
  return serving !== null && servingWanted === 'running';
}

/** Whether nothing of it runs and nothing will until somebody asks: its holds need no provider meanwhile. */
export function isAsleep({ wanted, servingWanted }: EnvironmentDocument): boolean {
  return wanted === 'asleep' && servingWanted === 'asleep';
}

/** What children derive from: what it serves, and its head while it serves nothing. Never asks for readiness. */
export function offerOf(environment: EnvironmentDocument): Pointer {
  return served(environment) ?? environment.head;
}

/** Whether its owner took it away, now or a while ago. */
export function isGone({ wanted }: EnvironmentDocument): boolean {
  return wanted === 'deleted';
}

/** Whether it may be a provider of new holds (protocol 17). */
export function isWanted({ wanted }: EnvironmentDocument): boolean {
  return wanted === 'running' || wanted === 'asleep';
}
