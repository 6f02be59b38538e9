import type { Pointer } from '@microstax/model/status';
import type { EnvironmentDocument } from './documents.ts';

/** What an environment serves; null where it never did, or what it serves is stopped or deleted (protocol 12). */
export function served({ serving, servingWanted }: EnvironmentDocument): Pointer {
  return servingWanted === 'running' || servingWanted === 'asleep' ? serving : null;
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
