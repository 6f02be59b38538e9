import type { Approval } from '@microstax/model/approval';
import { sealArtifact } from '@microstax/model/artifact';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
import type { Approved, Claiming, ClaimState } from '../claim.ts';
import { derive } from '../derive.ts';
import { deriveArtifacts } from '../derive-artifacts.ts';
import type { AncestorState, DeriveRequest, DeriveState } from '../derive-state.ts';
import type { ActivationDocument, EnvironmentDocument, Hold } from '../documents.ts';
import { offerOf } from '../offer.ts';
import { environmentView } from '../view.ts';

export const now = 1_000_000;
export const owner = { host: 'h', pid: 7, startTime: '1', bootId: 'b' };
export const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

/** A request as a submission at a sequence makes it. */
export function aRequest(env: string, sequence = 1, draft: Partial<DeriveRequest> = {}): DeriveRequest {
  const id = `s-${sequence}`;
  return {
    org: 'default',
    env,
    cause: { kind: 'submission', submission: id },
    actor: { name: 'local', proof: 'loopback' },
    submission: { id, order: { incarnation: 1, sequence } },
    wanted: 'running',
    always: false,
    traceparent,
    linkedTraces: [],
    now,
    ...draft,
  };
}

/** What the store would hold for a revision under the given ancestors, nearest first. */
export function aState(
  revision: Revision,
  lineage: readonly Known[] = [],
  draft: Partial<DeriveState> = {},
): DeriveState {
  const ancestors = lineage.map((known, index): AncestorState => {
    const link =
      (index === 0 ? revision : must(lineage[index - 1], 'a nearer one').revision).parent?.link ?? 'tracking';
    const offer = must(offerOf(known.environment), 'a known environment has an offer');
    return { environment: known.environment, link, read: offer, revision: known.revision, offer, offeredChain: null };
  });
  const [parent] = lineage;
  return {
    self: null,
    newest: null,
    newestDerivation: null,
    own: sealArtifact('revision', revision),
    selfView: null,
    parentView: parent ? viewOf(parent, lineage.slice(1)) : null,
    lineage: ancestors,
    outside: [],
    members: [],
    answered: null,
    revisionKnown: false,
    ...draft,
  };
}

/** An environment with the revision that it was derived from. */
export type Known = {
  readonly environment: EnvironmentDocument;
  readonly activation: ActivationDocument;
  readonly revision: Revision;
};

/** Derives a revision from nothing, as the first submission. */
export function born(revision: Revision, lineage: readonly Known[] = []): Known {
  const decision = derive(aRequest(revision.env), aState(revision, lineage));
  if (decision.kind !== 'revised') throw new Error(`${revision.env} is ${decision.kind}`);
  return { environment: decision.environment, activation: decision.activation, revision };
}

/** The same environment once its head serves. */
export function serving(known: Known, draft: Partial<EnvironmentDocument> = {}): Known {
  const { environment, activation } = known;
  const { head, wanted } = environment;
  return {
    ...known,
    environment: {
      ...environment,
      target: head,
      serving: head,
      servingWanted: wanted,
      open: [],
      epoch: 1,
      journalLength: 2,
      ...draft,
    },
    activation: { ...activation, outcome: 'ready', stage: 'settled' },
  };
}

/** The state in which a known environment is derived again. */
export function again(known: Known, lineage: readonly Known[] = [], revision = known.revision): DeriveState {
  const before = deriveArtifacts(aRequest(known.environment.env), aState(known.revision, lineage));
  return aState(revision, lineage, {
    self: known.environment,
    newest: known.activation,
    newestDerivation: before.derivation.value,
    selfView: viewOf(known, lineage),
  });
}

function viewOf({ environment, revision }: Known, lineage: readonly Known[]) {
  return environmentView({
    chain: [...lineage.map((ancestor) => ancestor.revision).reverse(), revision],
    lineageEnvs: lineage.map((ancestor) => ancestor.environment.env),
    deleted: environment.wanted === 'deleted',
    headerName: environment.headerName,
  });
}

export const claiming: Claiming = {
  approval: sealArtifact('approval', { an: 'approval' }).digest,
  owner,
  now,
  traceparent,
  movedTraceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`,
};

/** Everything recorded, nothing in the way. */
export function aClaim(
  known: Known,
  lineage: readonly Known[] = [],
  draft: Partial<ClaimState> & { readonly providers?: readonly Hold[] } = {},
): ClaimState {
  const { providers = [], ...rest } = draft;
  return {
    environment: known.environment,
    activation: { ...known.activation, stage: 'decided' },
    missing: [],
    approved: approvedOf(known, lineage, providers),
    others: new Map(lineage.map(({ environment }) => [environment.env, environment])),
    keyHolders: [],
    older: [],
    openExecution: null,
    edges: 0,
    circle: null,
    derive: null,
    ...rest,
  };
}

function approvedOf(known: Known, lineage: readonly Known[], providers: readonly Hold[]): Approved {
  const { env, wanted } = known.environment;
  const derived = deriveArtifacts(aRequest(env, 1, { wanted }), aState(known.revision, lineage));
  const digest = derived.derivation.digest;
  const approval: Approval = {
    org: 'default',
    env,
    engine: 'test',
    derivation: digest,
    plan: digest,
    resolution: digest,
    findings: digest,
    uniqueKeys: [`route:${known.environment.root}/x-msx-env=${known.environment.value}`],
  };
  const placements = providers.map((provider) => ({ kind: 'inherited', service: provider.service, provider }));
  return { approval, derivation: derived.derivation.value, plan: { wanted, placements, jobs: [] } as unknown as Plan };
}
