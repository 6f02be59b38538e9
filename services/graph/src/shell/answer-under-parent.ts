import type { UnderParentReply, UnderParentRequest } from '@microstax/contracts/plan-requests';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { Derivation } from '@microstax/model/derivation';
import type { Finding } from '@microstax/model/finding';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { deriveArtifacts } from '../core/derive-artifacts.ts';
import { refusalsOf } from '../core/derive-checks.ts';
import type { AncestorState, DeriveRequest, DeriveState } from '../core/derive-state.ts';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { identifyServices } from '../core/identify.ts';
import { isGone, offerOf } from '../core/offer.ts';
import { environmentAt } from '../core/places.ts';
import { environmentView } from '../core/view.ts';
import { activationOf, notFound } from './answer-sources.ts';
import type { Graph } from './graph.ts';
import { loadDerivation, loadRevision } from './load-chain.ts';
import { loadMembers, loadOutside } from './load-derive.ts';
import { Reader } from './transact.ts';

/**
 * What a generation would be derived to had its environment been made under another parent, or under its own as that was at
 * another generation. The checks of a commit decide whether it could be; facts and policies stay those of the generation.
 * Nothing is recorded and nothing is said.
 */
export async function answerUnderParent(
  { store, clock, installation = {} }: Graph,
  { env, at, parent: wanted }: UnderParentRequest,
  { org }: { readonly org: string },
): Promise<UnderParentReply> {
  const reader = new Reader(store, installation);
  const activation = await activationOf(reader, org, env, at);
  if ('known' in activation) return notFound(activation, env, at);
  const self = must(await reader.get<EnvironmentDocument>(environmentAt(org, env)), 'it has a generation');
  const row = await reader.get<EnvironmentDocument>(environmentAt(org, wanted.env));
  const parent = await activationOf(reader, org, wanted.env, wanted.at ?? (row ? offerOf(row)?.generation : undefined));
  if ('known' in parent) return notFound(parent, wanted.env, wanted.at);
  const before = (await loadRevision(reader, org, activation.revision)).value;
  if (before.parent === undefined) return { kind: 'refused', findings: [noParent(env, before)] };
  const state = await stateUnder(reader, { self, before, parent });
  const refusals = refusalsOf(requestOf(activation, clock.now()), state);
  if (refusals.length > 0) return { kind: 'refused', findings: refusals };
  return {
    kind: 'derived',
    parent: { env: parent.env, generation: parent.generation },
    artifacts: await artifactsOf(reader, activation, state, clock.now()),
  };
}

/** Lineage as the parent's generation has it, each ancestor read at what it was then and offering just that. */
async function stateUnder(
  reader: Reader,
  { self, before, parent }: { self: EnvironmentDocument; before: Revision; parent: ActivationDocument },
): Promise<DeriveState> {
  const { org, env } = before;
  const link = before.parent?.link ?? 'tracking';
  const { lineage: above } = await loadDerivation(reader, parent, parent.generation);
  const positions = [
    { env: parent.env, generation: parent.generation, revision: parent.revision, link },
    ...above,
  ] as const;
  const lineage = await Promise.all(
    positions.map(async ({ env: name, generation, revision, link }): Promise<AncestorState> => {
      const environment = await reader.get<EnvironmentDocument>(environmentAt(org, name));
      const read = { generation, revision };
      return {
        environment: must(environment, 'an ancestor has a row'),
        link,
        read,
        offer: read,
        offeredChain: null,
        revision: (await loadRevision(reader, org, revision)).value,
      };
    }),
  );
  const [nearest] = lineage;
  const root = lineage.at(-1)?.environment.env ?? env;
  const parentView = environmentView({
    chain: lineage.map(({ revision }) => revision).reverse(),
    lineageEnvs: lineage.slice(1).map(({ environment }) => environment.env),
    deleted: nearest !== undefined && isGone(nearest.environment),
    headerName: nearest?.environment.headerName ?? '',
  });
  const own = identifiedUnder({ ...before, parent: { env: parent.env, link } }, parentView);
  return {
    self,
    newest: null,
    newestDerivation: null,
    own: sealArtifact('revision', own),
    // As if it were made now: an environment that stands cannot move to another parent.
    selfView: null,
    parentView,
    lineage,
    outside: await loadOutside(reader, own, lineage),
    members: await loadMembers(reader, org, root),
    answered: null,
    revisionKnown: false,
    installation: reader.installation,
  };
}

/** The same names as intake would identify them there: of what the parent has they are the same services. */
function identifiedUnder(own: Revision, { project, services, buried = [] }: EnvironmentView): Revision {
  const running = own.services.flatMap((one) => (one.kind === 'run' ? [one] : []));
  const identified = identifyServices({ org: own.org, project, services: running, known: services, buried });
  const identities = new Map(identified.map(({ name, identity }) => [name, identity]));
  return {
    ...own,
    project,
    services: own.services.map((one) =>
      one.kind === 'run' ? { ...one, identity: identities.get(one.name) ?? one.identity } : one,
    ),
  };
}

async function artifactsOf(
  reader: Reader,
  { org, env, derivation }: ActivationDocument,
  state: DeriveState,
  now: number,
): Promise<Extract<UnderParentReply, { kind: 'derived' }>['artifacts']> {
  const before = must(await reader.artifact<Derivation>(org, derivation), 'a derivation has its bytes').value;
  const request = requestOf({ org, env, wanted: before.wanted }, now);
  const { all } = deriveArtifacts(request, state);
  const kept = await Promise.all([before.facts, before.policy].map((digest) => reader.artifact(org, digest)));
  const artifacts = [...all, ...kept.filter((artifact): artifact is Artifact => artifact !== null)];
  return Object.fromEntries(artifacts.map(({ kind, bytes }) => [kind, bytes]));
}

function requestOf(
  { org, env, wanted }: Pick<ActivationDocument, 'org' | 'env' | 'wanted'>,
  now: number,
): DeriveRequest {
  return {
    org,
    env,
    wanted,
    cause: { kind: 'submission', submission: 'what-if' },
    actor: { name: 'local', proof: 'loopback' },
    submission: null,
    always: true,
    traceparent: null,
    linkedTraces: [],
    now,
  };
}

function noParent(env: string, { mode }: Revision): Finding {
  return {
    severity: 'error',
    code: 'parent-not-allowed',
    subject: 'routing.baselineId',
    reason: `mode of "${env}" is "${mode}", which has no parent that could be another one`,
    next: 'ask of an overlay, or make one: msx plan -f <file>',
  };
}
