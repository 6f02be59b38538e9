import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import type { Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import type { Digest } from '@microstax/model/digest';
import { defaultPrices, type Facts } from '@microstax/model/facts';
import { must } from '@microstax/model/must';
import type { PolicyBundle } from '@microstax/model/policy';
import type { Revision } from '@microstax/model/revision';
import { routedProtocols } from '@microstax/model/routed-protocols';
import { composeEnvironment } from './composition.ts';
import type { AncestorState, DeriveRequest, DeriveState } from './derive-state.ts';
import { differenceOf } from './difference.ts';
import { effectiveChain } from './effective-graph.ts';
import { isGone } from './offer.ts';

export type DerivedArtifacts = {
  readonly derivation: Artifact<Derivation>;
  readonly difference: Artifact<Difference>;
  readonly composition: Artifact<Composition>;
  /** The bundle of `environment revised`. */
  readonly all: readonly Artifact[];
};

/** Hours that a budget and a saving are stated for: one working day. */
const expectedHours = 8;

/** No policy is a policy too: every derivation names the bundle it was judged by. */
const noPolicies = sealArtifact<PolicyBundle>('policy', []);

/** Freezes what is measured, names all inputs, and computes difference and composition from them (protocol 10, 11). */
export function deriveArtifacts(request: DeriveRequest, state: DeriveState): DerivedArtifacts {
  const { org, env, wanted } = request;
  const { own, lineage, outside } = state;
  const facts = sealArtifact('facts', factsOf(env, state));
  const policies = state.installation?.policies ?? noPolicies;
  const derivation = sealArtifact<Derivation>('derivation', {
    org,
    env,
    revision: own.digest,
    lineage: lineage.map(({ environment, link, read, offer }) => ({ env: environment.env, link, ...read, offer })),
    outside: sortedBy(
      outside.map(({ environment, offer }) => ({ env: environment.env, ...offer })),
      (entry) => entry.env,
    ),
    wanted,
    policy: policies.digest,
    facts: facts.digest,
  });
  const chain = effectiveChain([...lineage.map(({ revision }) => revision).reverse(), own.value]);
  const target = must(chain.at(-1), 'a chain ends with the environment itself');
  const difference = sealArtifact(
    'difference',
    differenceOf({ env, parent: chain.at(-2) ?? null, target, own: own.value, derivation: derivation.digest }),
  );
  const composition = sealArtifact(
    'composition',
    composeEnvironment({
      env,
      mode: own.value.mode,
      lineage: lineage.map((ancestor, index) => ({
        env: ancestor.environment.env,
        revision: ancestor.revision,
        effective: must(chain[chain.length - 2 - index], 'a chain has a graph for every ancestor'),
        ...offered(ancestor),
      })),
      own: own.value,
      effective: target,
      outside: outside.map(({ environment, chain: revisions }) => ({
        env: environment.env,
        effective: must(effectiveChain(revisions).at(-1), 'an environment outside has a revision'),
        revisions,
      })),
      ...(state.poolHolders === undefined ? {} : { poolHolders: state.poolHolders }),
      derivation: derivation.digest,
    }),
  );
  return { derivation, difference, composition, all: [own, derivation, facts, policies, difference, composition] };
}

function offered({ offeredChain }: AncestorState): { readonly offered?: ReadonlyMap<string, Digest> } {
  return offeredChain === null ? {} : { offered: specDigests(offeredChain) };
}

function specDigests(chain: readonly Revision[]): ReadonlyMap<string, Digest> {
  const effective = must(effectiveChain(chain).at(-1), 'an offer has a revision');
  return new Map(effective.services.map(({ name, specDigest }) => [name, specDigest]));
}

function factsOf(
  env: string,
  { members, installation = {}, poolHolders = new Map(), applied = [] }: DeriveState,
): Facts {
  const held = sortedBy(poolHolders, ([pool]) => pool).map(([pool, holders]) => ({ pool, holders }));
  const { runtime, prices = defaultPrices } = installation;
  const siblings = members.filter((member) => member.env !== env && !isGone(member));
  return {
    prices,
    siblings: sortedBy(siblings, (member) => member.env).map((member) => ({
      env: member.env,
      value: member.value,
      headerName: member.headerName,
      changed: member.changed,
    })),
    expectedHours,
    routedProtocols,
    ...(runtime === undefined ? {} : { runtime }),
    ...(held.length === 0 ? {} : { poolHolders: held }),
    ...(applied.length === 0 ? {} : { applied }),
  };
}
