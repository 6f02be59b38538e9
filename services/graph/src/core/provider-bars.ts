import { lineageDepthMax } from '@microstax/model/derivation';
import { addressText } from '@microstax/model/external-address';
import type { Revision } from '@microstax/model/revision';
import type { CompositionInput } from './composition.ts';

export type Obstacle = { readonly code: string; readonly reason: string };

/** What bars a whole environment as a provider, whichever service is asked: organisation, depth, region. */
export function barredProviders({ own, lineage, outside }: CompositionInput): ReadonlyMap<string, Obstacle> {
  const allowed = nearest([own, ...lineage.map(({ revision }) => revision)], ({ residency }) => residency?.allowed);
  const barred = new Map<string, Obstacle>();
  const judge = (env: string, chain: readonly Revision[], depth: number): void => {
    const obstacle =
      foreign(env, chain[0], own) ?? tooDeep(env, depth) ?? misplaced(env, regionOf(chain), allowed ?? null);
    if (obstacle !== null) barred.set(env, obstacle);
  };
  for (const { routing } of [own, ...lineage.map(({ revision }) => revision)])
    for (const address of Object.values(routing.externals ?? {})) {
      const text = addressText(address);
      const obstacle = misplaced(text, address.region, allowed ?? null);
      if (obstacle !== null) barred.set(text, obstacle);
    }
  // An ancestor of ours last: it is what it is to us also where a mapping names it.
  for (const { env, revisions } of outside) judge(env, revisions.toReversed(), revisions.length - 1);
  lineage.forEach(({ env }, index) => {
    judge(
      env,
      lineage.slice(index).map(({ revision }) => revision),
      index + 1,
    );
  });
  return barred;
}

function foreign(env: string, revision: Revision | undefined, { org }: Revision): Obstacle | null {
  if (revision === undefined || revision.org === org) return null;
  return { code: 'foreign-organisation', reason: `"${env}" belongs to organisation "${revision.org}", not "${org}"` };
}

// A request follows records from environment to environment, and a chain has as many as a lineage may.
function tooDeep(env: string, depth: number): Obstacle | null {
  if (depth <= lineageDepthMax) return null;
  return { code: 'too-deep', reason: `"${env}" stands ${depth} deep, at most ${lineageDepthMax} is allowed` };
}

// Where it may not be told where data would be, it may not go there.
function misplaced(env: string, region: string | undefined, allowed: readonly string[] | null): Obstacle | null {
  if (allowed === null || (region !== undefined && allowed.includes(region))) return null;
  const where = region === undefined ? `"${env}" states no region` : `"${env}" is in region "${region}"`;
  return { code: 'residency', reason: `${where}, allowed ${allowed.length === 0 ? 'is none' : quoted(allowed)}` };
}

function quoted(regions: readonly string[]): string {
  return `${regions.length === 1 ? 'is' : 'are'} ${regions.map((region) => `"${region}"`).join(', ')}`;
}

/** Nearest first: an environment is where its nearest level that says so is. */
function regionOf(chain: readonly Revision[]): string | undefined {
  return nearest(chain, ({ residency }) => residency?.region);
}

function nearest<T>(chain: readonly Revision[], read: (revision: Revision) => T | undefined): T | undefined {
  for (const revision of chain) {
    const found = read(revision);
    if (found !== undefined) return found;
  }
  return undefined;
}
