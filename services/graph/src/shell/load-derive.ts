import type { Artifact } from '@microstax/model/artifact';
import { type Derivation, lineageDepthMax } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import type { JournalEntry } from '@microstax/model/journal';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { appliedData, type DataPlan } from '../core/applied-data.ts';
import type { AncestorState, DeriveState, OutsideState, Position } from '../core/derive-state.ts';
import type {
  ActivationDocument,
  AnswerDocument,
  EnvironmentDocument,
  ExecutionDocument,
  HoldDocument,
} from '../core/documents.ts';
import type { NamedIdentity } from '../core/identify.ts';
import { namedOutside } from '../core/named-outside.ts';
import { isGone, offerOf } from '../core/offer.ts';
import { activationAt, answerAt, environmentAt, revisionAt } from '../core/places.ts';
import { environmentView } from '../core/view.ts';
import { loadChain, loadDerivation, loadRevision } from './load-chain.ts';
import type { Reader } from './transact.ts';

export type DeriveTarget = {
  readonly org: string;
  readonly env: string;
  /** The declarations to derive; absent: those of the head. */
  readonly own?: Artifact<Revision>;
  /** The stored revision that those were made from. */
  readonly sourceRevision?: Digest | undefined;
  readonly submission: string | null;
};

/** Everything that deriving an environment reads; null where nothing is declared and nobody knows it. */
export async function loadDerive(reader: Reader, target: DeriveTarget): Promise<DeriveState | null> {
  const { org, env, submission } = target;
  const self = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const own = target.own ?? (self?.head ? await loadRevision(reader, org, self.head.revision) : null);
  if (own === null) return null;
  const walked = await walkLineage(reader, own.value, self);
  const root = walked.lineage.at(-1)?.environment.env ?? env;
  const [newest, selfView, outside, poolHolders, members, answered, [revisionKnown = false]] = await Promise.all([
    self ? reader.get<ActivationDocument>(activationAt(org, env, self.generation)) : null,
    self ? viewOf(reader, self) : null,
    loadOutside(reader, own.value, walked.lineage),
    loadPoolHolders(reader, own.value),
    loadMembers(reader, org, root),
    submission === null ? null : reader.get<AnswerDocument>(answerAt(org, submission)),
    reader.has([revisionAt(org, env, own.digest)]),
  ]);
  return {
    self,
    newest,
    newestDerivation: newest ? ((await reader.artifact<Derivation>(org, newest.derivation))?.value ?? null) : null,
    own,
    selfView,
    parentView: parentView(walked),
    lineage: walked.lineage,
    outside,
    poolHolders,
    members,
    answered,
    revisionKnown,
    ...(await loadApplied(reader, own.value)),
    installation: reader.installation,
    ...(target.sourceRevision === undefined
      ? {}
      : { sourceServices: await namedIn(reader, org, target.sourceRevision) }),
  };
}

/** Read where data is declared only: a journal may be long. */
async function loadApplied(
  reader: Reader,
  { org, env, snapshot, seeds }: Revision,
): Promise<Pick<DeriveState, 'applied'>> {
  if (snapshot === undefined && seeds === undefined) return {};
  const journal = await reader.scan<JournalEntry>('journal', { prefix: `${org}/${env}/` });
  const executions = await reader.scan<ExecutionDocument>('executions', { prefix: `${org}/${env}/` });
  const plans = new Map<string, DataPlan>();
  for (const { execution, plan } of executions) {
    const known = await reader.artifact<DataPlan>(org, plan);
    if (known !== null) plans.set(execution, known.value);
  }
  const applied = appliedData(journal, (execution) => plans.get(execution));
  return applied.length === 0 ? {} : { applied };
}

/** Nothing where another store has it: then only what the digests themselves explain is known. */
async function namedIn(reader: Reader, org: string, digest: Digest): Promise<readonly NamedIdentity[]> {
  const source = await reader.artifact<Revision>(org, digest);
  return (source?.value.services ?? []).filter((declaration) => declaration.kind === 'run');
}

/** By pool of a stated capacity, how many other environments hold something of it, or claimed it and are on their way. */
async function loadPoolHolders(
  reader: Reader,
  { org, env, routing: { poolTerms = {} } }: Revision,
): Promise<ReadonlyMap<string, number>> {
  const limited = Object.entries(poolTerms).filter(([, { capacity }]) => capacity !== undefined);
  const counted = limited.map(async ([pool]): Promise<[string, number]> => {
    const holds = await reader.scan<HoldDocument>('holds', { prefix: `${org}/${pool}/` });
    return [pool, new Set(holds.flatMap(({ child }) => (child === env ? [] : [child]))).size];
  });
  return new Map(await Promise.all(counted));
}

/** Every environment under a root. Without guards: who takes a context value twice is found at the claim. */
export async function loadMembers(reader: Reader, org: string, root: string): Promise<readonly EnvironmentDocument[]> {
  const members = await reader.scan<{ env: string }>('members', { prefix: `${org}/${root}/` });
  const rows = await reader.peekMany<EnvironmentDocument>(members.map((member) => environmentAt(org, member.env)));
  return rows.filter((row) => row !== null);
}

/** An environment at its head, as a lineage decision sees it. */
export async function viewOf(reader: Reader, environment: EnvironmentDocument): Promise<EnvironmentView> {
  const head = must(environment.head, 'a known environment has a head');
  return viewAt(reader, environment, head);
}

/** An environment as its children see it. */
export async function offeredView(reader: Reader, environment: EnvironmentDocument): Promise<EnvironmentView> {
  return viewAt(reader, environment, must(offerOf(environment), 'a known environment has an offer'));
}

async function viewAt(reader: Reader, environment: EnvironmentDocument, position: Position): Promise<EnvironmentView> {
  const chain = await loadChain(reader, environment, position);
  const { lineage } = await loadDerivation(reader, environment, position.generation);
  return environmentView({
    chain,
    lineageEnvs: lineage.map((entry) => entry.env),
    deleted: isGone(environment),
    headerName: environment.headerName,
  });
}

type Walked = {
  readonly lineage: readonly AncestorState[];
  /** Names of all ancestors, also of one that closes a cycle. */
  readonly names: readonly string[];
};

// protocol 12: each link is followed by its own kind, and every ancestor's own present offer is read beside any pin.
async function walkLineage(reader: Reader, own: Revision, self: EnvironmentDocument | null): Promise<Walked> {
  const { org, env } = own;
  const lineage: AncestorState[] = [];
  const names: string[] = [];
  let link = own.parent;
  let pin = keptPin(own, self);
  while (link !== undefined && names.length <= lineageDepthMax) {
    if (link.env === env || names.includes(link.env)) return { lineage, names: [...names, link.env] };
    const environment: EnvironmentDocument | null = await reader.get<EnvironmentDocument>(environmentAt(org, link.env));
    if (environment === null) break;
    const offer = must(offerOf(environment), 'a known environment has an offer');
    const read: Position = link.link === 'pinned' ? (pin ?? offer) : offer;
    const revision: Revision = (await loadRevision(reader, org, read.revision)).value;
    const isOffer = read.revision === offer.revision;
    const offeredChain = isOffer ? null : await loadChain(reader, environment, offer);
    lineage.push({ environment, link: link.link, read, revision, offer, offeredChain });
    names.push(link.env);
    pin = revision.parent?.link === 'pinned' ? await pinOf(reader, environment, read) : null;
    link = revision.parent;
  }
  return { lineage, names };
}

/** A pin stays as long as the link is pinned to the same parent. */
function keptPin({ parent }: Revision, self: EnvironmentDocument | null): Position | null {
  if (parent?.link !== 'pinned' || self === null || self.parent !== parent.env || isGone(self)) return null;
  return self.pin;
}

async function pinOf(
  reader: Reader,
  environment: EnvironmentDocument,
  { generation }: Position,
): Promise<Position | null> {
  const { lineage } = await loadDerivation(reader, environment, generation);
  const [parent] = lineage;
  return parent ? { generation: parent.generation, revision: parent.revision } : null;
}

function parentView({ lineage, names }: Walked): EnvironmentView | null {
  const [parent] = lineage;
  if (!parent) return null;
  return environmentView({
    chain: lineage.map(({ revision }) => revision).reverse(),
    lineageEnvs: names.slice(1),
    deleted: isGone(parent.environment),
    headerName: parent.environment.headerName,
  });
}

/** Environments outside of a lineage that mappings and pools in it name, at what they offer. */
export async function loadOutside(
  reader: Reader,
  own: Revision,
  lineage: readonly AncestorState[],
): Promise<readonly OutsideState[]> {
  const names = namedOutside(
    own,
    lineage.map(({ revision }) => revision),
  );
  const rows = await reader.getMany<EnvironmentDocument>(names.map((name) => environmentAt(own.org, name)));
  const known = rows.filter((row) => row !== null && !isGone(row)) as EnvironmentDocument[];
  return Promise.all(
    known.map(async (environment) => {
      const offer = must(offerOf(environment), 'a known environment has an offer');
      return { environment, offer, chain: await loadChain(reader, environment, offer) };
    }),
  );
}
