import type { ClaimRequest } from '@microstax/contracts/graph-requests';
import type { Approval } from '@microstax/model/approval';
import type { Derivation } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import { type Approved, type ClaimState, type FullPool, movedProvider, providersOf } from '../core/claim.ts';
import type {
  ActivationDocument,
  EnvironmentDocument,
  ExecutionDocument,
  HoldDocument,
  KeyDocument,
} from '../core/documents.ts';
import { activationAt, artifactAt, environmentAt, executionAt, keyAt, topologyAt } from '../core/places.ts';
import { loadRevision } from './load-chain.ts';
import { loadDerive } from './load-derive.ts';
import type { Reader } from './transact.ts';

/** All that the gate to the world looks at, every row guarded. */
export async function loadClaim(
  reader: Reader,
  org: string,
  { env, generation, approval }: ClaimRequest,
): Promise<ClaimState> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const activation = await reader.get<ActivationDocument>(activationAt(org, env, generation));
  const bare: ClaimState = {
    environment,
    activation,
    missing: [],
    approved: null,
    others: new Map(),
    keyHolders: [],
    older: [],
    openExecution: null,
    edges: 0,
    circle: null,
    derive: null,
  };
  if (environment === null || activation === null || activation.outcome !== null) return bare;
  const missing = await missingArtifacts(reader, org, activation, approval);
  if (missing.length > 0) return { ...bare, missing };
  const approved = await loadApproved(reader, org, approval);
  const others = await loadOthers(reader, org, approved);
  const keys = approved.approval.uniqueKeys.map((key) => keyAt(org, key));
  const older = environment.open.filter((open) => open < generation).map((open) => activationAt(org, env, open));
  const { execution } = environment;
  return {
    ...bare,
    approved,
    edges: (await reader.get<number>(topologyAt(org))) ?? 0,
    others,
    circle: await circleOf(reader, environment, approved),
    fullPool: await fullPoolOf(reader, activation, approved),
    keyHolders: (await reader.getMany<KeyDocument>(keys)).filter((row) => row !== null),
    older: (await reader.getMany<ActivationDocument>(older)).filter((row) => row !== null),
    openExecution: execution?.open
      ? await reader.get<ExecutionDocument>(executionAt(org, env, execution.generation))
      : null,
    derive: movedProvider(approved.derivation, others)
      ? await loadDerive(reader, {
          org,
          env,
          own: await loadRevision(reader, org, activation.revision),
          submission: null,
        })
      : null,
  };
}

// The approval counts once its own event was recorded, which put all that it names (protocol 8).
async function missingArtifacts(
  reader: Reader,
  org: string,
  { artifacts }: ActivationDocument,
  approval: Digest,
): Promise<readonly Digest[]> {
  if (artifacts.approval !== approval) return [approval];
  const row = await reader.artifact<Approval>(org, approval);
  if (row === null) return [approval];
  const { derivation, plan, resolution, findings } = row.value;
  const named = [derivation, plan, resolution, findings];
  const there = await reader.has(named.map((digest) => artifactAt(org, digest)));
  return named.filter((_, index) => !there[index]);
}

async function loadApproved(reader: Reader, org: string, digest: Digest): Promise<Approved> {
  const approval = must(await reader.artifact<Approval>(org, digest), 'nothing is missing').value;
  const plan = must(await reader.artifact<Plan>(org, approval.plan), 'nothing is missing').value;
  const derivation = must(await reader.artifact<Derivation>(org, approval.derivation), 'nothing is missing').value;
  return { approval, plan, derivation };
}

/**
 * The shortest way from new providers over what they hold to who claims them. Without guards: whoever brings a new edge
 * bumps the topology row, which every claim reads (protocol 16).
 */
async function circleOf(
  reader: Reader,
  { org, env, holds }: EnvironmentDocument,
  { plan }: Approved,
): Promise<readonly string[] | null> {
  const held = new Set(holds.map((hold) => hold.env));
  const fresh = new Set(providersOf(plan).flatMap((provider) => (held.has(provider.env) ? [] : [provider.env])));
  const ways = new Map([...fresh].sort().map((name) => [name, [env, name]]));
  for (let names = [...ways.keys()]; names.length > 0; ) {
    const rows = await reader.peekMany<EnvironmentDocument>(names.map((name) => environmentAt(org, name)));
    const next: string[] = [];
    for (const row of rows) {
      const way = row && ways.get(row.env);
      if (!way) continue;
      for (const beyond of new Set(row.holds.map((hold) => hold.env))) {
        if (beyond === env) return [...way, env];
        if (ways.has(beyond)) continue;
        ways.set(beyond, [...way, beyond]);
        next.push(beyond);
      }
    }
    names = next;
  }
  return null;
}

/**
 * The first pool without a place for this environment, which counts what it froze (decision 29). Two that want the last
 * place meet at the pool's row, which each claim reads and whoever holds it anew bumps (protocol 16).
 */
async function fullPoolOf(
  reader: Reader,
  { org, env, revision }: ActivationDocument,
  { plan }: Approved,
): Promise<FullPool | null> {
  const shared = plan.placements.flatMap(({ kind, provider }) => (kind === 'shared' && provider ? [provider.env] : []));
  if (shared.length === 0) return null;
  const { poolTerms = {} } = (await loadRevision(reader, org, revision)).value.routing;
  for (const pool of new Set(shared)) {
    const capacity = Object.hasOwn(poolTerms, pool) ? poolTerms[pool]?.capacity : undefined;
    if (capacity === undefined) continue;
    const holds = await reader.scan<HoldDocument>('holds', { prefix: `${org}/${pool}/` });
    const holders = [...new Set(holds.map(({ child }) => child))].filter((child) => child !== env).sort();
    if (holders.length >= capacity) return { pool, capacity, holders };
  }
  return null;
}

async function loadOthers(
  reader: Reader,
  org: string,
  { plan, derivation }: Approved,
): Promise<ReadonlyMap<string, EnvironmentDocument>> {
  const names = [...derivation.lineage, ...derivation.outside, ...providersOf(plan)].map(({ env }) => env);
  const unique = [...new Set(names)].sort();
  const rows = await reader.getMany<EnvironmentDocument>(unique.map((name) => environmentAt(org, name)));
  return new Map(rows.flatMap((row) => (row === null ? [] : [[row.env, row] as const])));
}
