import type { Changes, Place } from './changes.ts';
import type { EnvironmentDocument, ExecutionDocument, Hold, HoldDocument } from './documents.ts';
import { holdAt, keyAt } from './places.ts';

/** Rows that go because an environment no longer holds, or has, what it did. */
export function released({ org, env, holds, keys }: Holding, after: Pick<Holding, 'holds' | 'keys'>): Place[] {
  const kept = new Set(after.holds.map(holdText));
  return [
    ...holds.filter((hold) => !kept.has(holdText(hold))).map((hold) => holdAt(org, hold.env, hold.service, env)),
    ...keys.filter((key) => !after.keys.includes(key)).map((key) => keyAt(org, key)),
  ];
}

/**
 * Protocol 18, 19: an execution that failed before it moved routes lets go of what only it had claimed, and what serves
 * holds what it held. Where routes had moved, requests go by them, so both stay until a generation is ready.
 */
export function letGoAfterFailure(
  environment: EnvironmentDocument,
  failed: ExecutionDocument,
  serving: ExecutionDocument | null,
): { readonly environment: EnvironmentDocument; readonly changes: Changes } {
  if (failed.routed) return { environment, changes: { puts: [], removes: [], appends: [] } };
  const { org, env, servingWanted } = environment;
  const holds = serving?.holds ?? [];
  const keys = servingWanted === 'deleted' ? [] : (serving?.keys ?? []);
  const puts = holds.map((hold) => {
    const body: HoldDocument = { ...hold, child: env };
    return { ...holdAt(org, hold.env, hold.service, env), body };
  });
  const removes = released(environment, { holds, keys });
  return { environment: { ...environment, holds, keys }, changes: { puts, removes, appends: [] } };
}

type Holding = Pick<EnvironmentDocument, 'org' | 'env' | 'holds' | 'keys'>;

function holdText({ env, service }: Hold): string {
  return `${env}/${service}`;
}
