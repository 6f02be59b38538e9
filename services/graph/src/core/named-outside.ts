import type { Revision } from '@microstax/model/revision';
import type { Changes } from './changes.ts';
import type { DeriveState } from './derive-state.ts';
import type { EnvironmentDocument } from './documents.ts';
import { isWanted } from './offer.ts';
import { environmentAt, namerAt } from './places.ts';

/** Environments outside of a lineage that its mappings and pools name, sorted, whether anybody knows them or not. */
export function namedOutside(own: Revision, lineage: readonly Revision[]): string[] {
  const revisions = [own, ...lineage];
  const inside = new Set(revisions.map(({ env }) => env));
  const named = revisions.flatMap(({ routing }) => [...Object.values(routing.providers), ...routing.pools]);
  return [...new Set(named)].filter((name) => !inside.has(name)).sort();
}

/**
 * Rows that lead from an environment to those that name it, so that they are derived again when it serves something
 * else, also where it was not known yet: composition does not depend on who was published first. One that is named anew
 * is bumped, so that its next move sees the row, or this commit sees the move.
 */
export function namerChanges({ self, outside }: DeriveState, next: EnvironmentDocument): Changes {
  const { org, env, names = [] } = next;
  const before = self?.names ?? [];
  const kept = new Set(self?.wanted === 'deleted' ? [] : before); // a delete takes its rows away, once it is carried out
  const fresh = names.filter((name) => !kept.has(name));
  // A cascade writes the rows of others in the same commit, and who stops or goes waits for nobody.
  const bumped = isWanted(next) ? outside.filter(({ environment }) => fresh.includes(environment.env)) : [];
  return {
    puts: [
      ...fresh.map((name) => ({ ...namerAt(org, name, env), body: { env } })),
      ...bumped.map(({ environment }) => ({
        ...environmentAt(org, environment.env),
        body: { ...environment, touched: environment.touched + 1 },
      })),
    ],
    removes: before.filter((name) => !names.includes(name)).map((name) => namerAt(org, name, env)),
    appends: [],
  };
}
