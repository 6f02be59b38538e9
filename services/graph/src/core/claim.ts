// Owns: the only gate to the world (protocol 16, 17). One decision, one transaction.
// 1. A generation is claimed at most once; target only grows.
// 2. Every hold's provider row is bumped, so that a stop of the provider and this claim cannot both succeed (protocol 18).
// 3. New holds and keys are taken before old ones go: what served keeps both until this generation is ready.
import { executionStarted } from '@microstax/contracts/execution-started';
import { activationRef } from '@microstax/contracts/fields';
import type { ClaimReply, ClaimRequest } from '@microstax/contracts/graph-requests';
import type { Approval } from '@microstax/model/approval';
import type { Derivation } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import type { JournalEntry, JournalEvent, Owner } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import { append } from './append.ts';
import { audit } from './audit.ts';
import { type Changes, noChanges, type Put, together } from './changes.ts';
import { type DeriveDecision, derive, supersedeBy } from './derive.ts';
import type { DeriveState } from './derive-state.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument, Hold, KeyDocument } from './documents.ts';
import { holding } from './lease.ts';
import { isWanted, offerOf } from './offer.ts';
import { say } from './outbox.ts';
import { environmentAt, executionAt, holdAt, journalAt, keyAt, topologyAt } from './places.ts';
import { activationPut, settle, withoutOpen } from './settle.ts';
import { waitingPuts } from './waiting.ts';

export type Claiming = {
  readonly approval: Digest;
  readonly owner: Owner;
  readonly now: number;
  /** What the owner has foreseen to append first (protocol 20). */
  readonly first?: ClaimRequest['first'];
  /** The trace of the claiming request. */
  readonly traceparent: string | null;
  /** The trace of what is derived instead, where an ancestor moved (protocol 31). */
  readonly movedTraceparent: string;
};

/** What an approval names, as far as the store has it. */
export type Approved = {
  readonly approval: Approval;
  readonly derivation: Derivation;
  readonly plan: Plan;
};

export type FullPool = { readonly pool: string; readonly capacity: number; readonly holders: readonly string[] };

export type ClaimState = {
  readonly environment: EnvironmentDocument | null;
  readonly activation: ActivationDocument | null;
  /** What is named but not recorded. */
  readonly missing: readonly Digest[];
  /** Present exactly when nothing is missing. */
  readonly approved: Approved | null;
  /** Rows of all ancestors, of environments outside and of providers, by environment. */
  readonly others: ReadonlyMap<string, EnvironmentDocument>;
  /** Who has the unique keys that the approval names. */
  readonly keyHolders: readonly KeyDocument[];
  /** Activations below this generation without outcome. */
  readonly older: readonly ActivationDocument[];
  readonly openExecution: ExecutionDocument | null;
  /** How many edges between environments the organisation has ever had. */
  readonly edges: number;
  /** From this environment over new providers and what they hold back to it; null where its claim closes no circle. */
  readonly circle: readonly string[] | null;
  /** A pool that this claim would hold anew, and has no place left; absent: none. */
  readonly fullPool?: FullPool | null;
  /** Present where an ancestor moved. */
  readonly derive: DeriveState | null;
};

export type ClaimDecision = { readonly reply: ClaimReply; readonly changes: Changes };

export function claim(claiming: Claiming, state: ClaimState): ClaimDecision {
  const { environment, activation } = state;
  if (environment === null || activation === null)
    return answer({ kind: 'already', reason: 'the store knows no such activation' });
  const late = lateClaim(claiming, { ...state, environment, activation });
  if (late) return late;
  if (state.approved === null) return answer({ kind: 'artifact missing', digests: state.missing });
  const approved = state.approved;
  if (!isRunning(approved.plan)) return grant(claiming, { ...state, environment, activation, approved });
  const moved = movedProvider(approved.derivation, state.others);
  if (moved) return deriveAgain(claiming, moved, { ...state, environment, activation });
  const unwanted = providersOf(approved.plan).find(({ env }) => !isWantedRow(state.others.get(env)));
  if (unwanted) return failFor(unwanted.env, claiming, { ...state, environment, activation });
  const taken = state.keyHolders.find(({ env }) => env !== environment.env);
  if (taken) return failTaken(taken, claiming, { environment, activation });
  if (state.circle) return failCircle(state.circle, claiming, { environment, activation });
  if (state.fullPool) return failFull(state.fullPool, claiming, { environment, activation });
  return grant(claiming, { ...state, environment, activation, approved });
}

/**
 * The first ancestor, or environment outside, whose present offer is not what the derivation froze. A new generation
 * that says what the last one said has not moved.
 */
export function movedProvider(
  { lineage, outside }: Derivation,
  others: ReadonlyMap<string, EnvironmentDocument>,
): EnvironmentDocument | null {
  const frozen = [
    ...lineage.map(({ env, offer }) => ({ env, revision: offer.revision })),
    ...outside.map(({ env, revision }) => ({ env, revision })),
  ];
  for (const { env, revision } of frozen) {
    const now = others.get(env);
    if (now && offerOf(now)?.revision !== revision) return now;
  }
  return null;
}

/** The providers that a plan leans on, without repeats. */
export function providersOf({ placements }: Plan): readonly Hold[] {
  const holds = placements.flatMap(({ provider }) => (provider ? [provider] : []));
  return [...new Map(holds.map((hold) => [`${hold.env}/${hold.service}`, hold])).values()];
}

type Known = { readonly environment: EnvironmentDocument; readonly activation: ActivationDocument };
type Granted = ClaimState & Known & { readonly approved: Approved };

function answer(reply: ClaimReply): ClaimDecision {
  return { reply, changes: noChanges };
}

function isRunning({ wanted }: Plan): boolean {
  return wanted === 'running' || wanted === 'asleep';
}

function isWantedRow(row: EnvironmentDocument | undefined): boolean {
  return row !== undefined && isWanted(row);
}

function lateClaim(
  { now }: Claiming,
  { environment, activation, openExecution }: ClaimState & Known,
): ClaimDecision | null {
  const { generation, outcome } = activation;
  const target = environment.target?.generation ?? 0;
  if (outcome === 'superseded') return answer({ kind: 'superseded', target });
  if (outcome !== null) return answer({ kind: 'already', reason: `its outcome is "${outcome}"` });
  if (target === generation) return answer({ kind: 'already', reason: 'it is claimed', ...holding(openExecution) });
  if (target < generation) return null;
  return supersede(
    { environment, activation },
    { by: target, reason: `generation ${generation} is older than ${target}`, now },
  );
}

function supersede(
  { environment, activation }: Known,
  about: { by: number; reason: string; now: number },
): ClaimDecision {
  const { by, reason, now } = about;
  const settled = settle(activation, { outcome: 'superseded', reason, by }, { now });
  const freed = { ...withoutOpen(environment, activation.generation), updatedAt: now };
  return { reply: { kind: 'superseded', target: by }, changes: together(settled, putting(freed)) };
}

// protocol 17: the generation is raised in this transaction, and the old activation ends as superseded.
function deriveAgain(claiming: Claiming, moved: EnvironmentDocument, state: ClaimState & Known): ClaimDecision {
  const { environment, activation } = state;
  const { now } = claiming;
  const reason = `"${moved.env}" moved while this was decided`;
  const newest = environment.open.at(-1);
  if (newest !== undefined && newest > activation.generation)
    return supersede({ environment, activation }, { by: newest, reason, now });
  const parentGeneration = offerOf(moved)?.generation ?? 0;
  const decision = derive(
    {
      org: environment.org,
      env: environment.env,
      cause: { kind: 'parent moved', parent: moved.env, parentGeneration },
      actor: activation.actor,
      submission: null,
      wanted: activation.wanted,
      always: true,
      traceparent: claiming.movedTraceparent,
      linkedTraces: activation.traces,
      now,
    },
    must(state.derive, 'what is to be derived again was loaded'),
  );
  if (decision.kind === 'revised') {
    const { changes, activation: next } = supersedeBy(decision, activation, { now, reason });
    return { reply: { kind: 'provider moved', provider: moved.env, generation: next.generation }, changes };
  }
  return failUnderivable(decision, moved, claiming, { environment, activation });
}

function failUnderivable(
  decision: DeriveDecision,
  moved: EnvironmentDocument,
  { now }: Claiming,
  known: Known,
): ClaimDecision {
  const why = decision.kind === 'refused' ? decision.findings.map(({ reason }) => reason).join('; ') : decision.kind;
  const reason = `"${moved.env}" moved, and the environment cannot be derived again: ${why}`;
  const changes = failing(known, { reason, now });
  return { reply: { kind: 'provider moved', provider: moved.env, generation: known.activation.generation }, changes };
}

// protocol 17: never to a stop or delete.
function failFor(provider: string, { now }: Claiming, state: ClaimState & Known): ClaimDecision {
  const row = state.others.get(provider);
  const reason = `provider "${provider}" is ${row?.wanted ?? 'unknown'}; to go on: msx resume ${provider}`;
  const environment = { ...state.environment, waitingFor: [provider] };
  const noted: Changes = { puts: row ? waitingPuts(environment, row) : [], removes: [], appends: [] };
  const changes = together(noted, failing({ environment, activation: state.activation }, { reason, now }));
  return { reply: { kind: 'provider not wanted', provider }, changes };
}

function failTaken({ key, env: by }: KeyDocument, { now }: Claiming, known: Known): ClaimDecision {
  const changes = failing(known, { reason: `"${key}" is taken by "${by}"; choose another routing.overlayId`, now });
  return { reply: { kind: 'taken', key, by }, changes };
}

// The last place went to somebody else since this was derived: whoever retries is told another pool, or why there is none.
function failFull({ pool, capacity, holders }: FullPool, { now }: Claiming, known: Known): ClaimDecision {
  const by = must(holders[0], 'a full pool has a holder');
  const reason = `pool "${pool}" has no place left: ${holders.length} hold it, its capacity is ${capacity}; to go on: msx retry ${known.environment.env}`;
  return { reply: { kind: 'taken', key: `pool:${pool}`, by }, changes: failing(known, { reason, now }) };
}

// Environments that hold each other could never be stopped one after the other, and would wait for each other to start.
function failCircle(circle: readonly string[], { now }: Claiming, known: Known): ClaimDecision {
  const by = must(circle[1], 'a circle has a provider');
  const way = circle.map((name) => `"${name}"`).join(' → ');
  const reason = `environments would provide for each other in a circle: ${way}; take one of them out of routing.providers`;
  return { reply: { kind: 'taken', key: `provider:${by}`, by }, changes: failing(known, { reason, now }) };
}

function failing({ environment, activation }: Known, { reason, now }: { reason: string; now: number }): Changes {
  const freed = { ...withoutOpen(environment, activation.generation), updatedAt: now };
  return together(settle(activation, { outcome: 'failed', reason, execution: null }, { now }), putting(freed));
}

function grant(claiming: Claiming, state: Granted): ClaimDecision {
  const { environment, activation, approved, older } = state;
  const { now } = claiming;
  const { org, env } = environment;
  const running = isRunning(approved.plan);
  const newHolds = running ? providersOf(approved.plan) : [];
  const newKeys = running ? approved.approval.uniqueKeys : environment.keys;
  const entries = claimEntries(claiming, state);
  const execution = newExecution(claiming, state, { holds: newHolds, keys: newKeys });
  const claimed: EnvironmentDocument = {
    ...older.reduce((row, { generation }) => withoutOpen(row, generation), environment),
    target: { generation: activation.generation, revision: activation.revision },
    epoch: execution.epoch,
    journalLength: environment.journalLength + entries.length,
    execution: { id: execution.execution, generation: activation.generation, open: true },
    holds: union(environment.holds, newHolds),
    keys: [...new Set([...environment.keys, ...newKeys])],
    updatedAt: now,
  };
  const newEdges = new Set(newHolds.map((hold) => hold.env));
  for (const hold of environment.holds) newEdges.delete(hold.env);
  const row: ActivationDocument = { ...activation, stage: 'claimed', reason: 'is being realised' };
  const changes = together(
    ...older.map((old) => settle(old, supersededBy(activation.generation), { now })),
    { puts: holdPuts(claimed, newHolds, state), removes: [], appends: [] },
    {
      puts: [
        ...newKeys.map((key) => ({ ...keyAt(org, key), body: { key, env } satisfies KeyDocument })),
        ...entries.map((entry) => ({ ...journalAt(org, env, entry.n), body: entry })),
        ...supersededExecution(state, now),
        ...(newEdges.size > 0 ? [{ ...topologyAt(org), body: state.edges + newEdges.size }] : []),
        { ...executionAt(org, env, activation.generation), body: execution },
        activationPut(row),
        { ...environmentAt(org, env), body: claimed },
      ],
      removes: [],
      appends: [
        say(
          executionStarted,
          {
            ...activationRef(activation),
            execution: execution.execution,
            epoch: execution.epoch,
            jobs: approved.plan.jobs.length,
          },
          { inputId: activation.activation, traceparent: execution.traceparent },
        ),
        audit(org, {
          at: now,
          actor: activation.actor,
          verb: 'claimed',
          subject: activation.activation,
          digest: claiming.approval,
          submission: activation.submission,
        }),
      ],
    },
  );
  const { execution: id, epoch } = execution;
  const { journalLength: length, inventory } = claimed;
  const first = appendedFirst(claiming, { environment: claimed, execution, activation: row });
  const foreseen = claiming.first === undefined ? {} : { foreseen: first !== null };
  const reply = {
    kind: 'claimed',
    execution: id,
    epoch,
    length: first?.length ?? length,
    inventory,
    ...foreseen,
  } as const;
  return { reply, changes: first === null ? changes : together(changes, first.changes) };
}

const foreseeable: ReadonlySet<JournalEvent['type']> = new Set(['bound', 'intended', 'done']);

/** Protocol 20: what the owner has foreseen to append first, where the journal is as it was foreseen. */
function appendedFirst(
  { first, now }: Claiming,
  rows: { environment: EnvironmentDocument; execution: ExecutionDocument; activation: ActivationDocument },
): { readonly length: number; readonly changes: Changes } | null {
  const { env, epoch, journalLength: length } = rows.environment;
  if (first?.length !== length || !first.events.every(({ type }) => foreseeable.has(type))) return null;
  const request = { env, execution: rows.execution.execution, epoch, length, events: first.events };
  const { reply, changes } = append(request, { ...rows, awaited: new Map(), below: null, servingExecution: null, now });
  return reply.kind === 'appended' ? { length: reply.length, changes } : null;
}

function supersededBy(by: number) {
  return { outcome: 'superseded', reason: `generation ${by} was claimed first`, by } as const;
}

function newExecution(
  { owner, now, traceparent }: Claiming,
  { environment, activation, approved }: Granted,
  { holds, keys }: { holds: readonly Hold[]; keys: readonly string[] },
): ExecutionDocument {
  const { org, env } = environment;
  return {
    execution: `${env}@${activation.generation}`,
    org,
    env,
    generation: activation.generation,
    epoch: environment.epoch + 1,
    state: 'claimed',
    owner,
    startedAt: now,
    finishedAt: null,
    reason: 'claimed',
    plan: approved.approval.plan,
    resolution: approved.approval.resolution,
    underWay: [],
    routed: false,
    failedAwaits: [],
    holds,
    keys,
    traceparent: activation.traceparent ?? traceparent,
  };
}

function claimEntries(
  claiming: Claiming,
  { environment, activation, approved, openExecution }: Granted,
): JournalEntry[] {
  const entry = (
    n: number,
    execution: string,
    generation: number,
    epoch: number,
    event: JournalEvent,
  ): JournalEntry => ({
    n: environment.journalLength + n,
    execution,
    generation,
    epoch,
    at: claiming.now,
    event,
  });
  const { generation } = activation;
  const claimed: JournalEvent = { type: 'claimed', owner: claiming.owner, plan: approved.approval.plan };
  const id = `${environment.env}@${generation}`;
  if (openExecution === null) return [entry(1, id, generation, environment.epoch + 1, claimed)];
  const finished: JournalEvent = {
    type: 'finished',
    outcome: 'superseded',
    reason: `generation ${generation} was claimed`,
  };
  return [
    entry(1, openExecution.execution, openExecution.generation, environment.epoch, finished),
    entry(2, id, generation, environment.epoch + 1, claimed),
  ];
}

function supersededExecution({ openExecution, activation }: Granted, now: number): Put[] {
  if (openExecution === null) return [];
  const reason = `generation ${activation.generation} was claimed`;
  const body: ExecutionDocument = { ...openExecution, state: 'superseded', finishedAt: now, reason };
  return [{ ...executionAt(body.org, body.env, body.generation), body }];
}

function holdPuts({ org, env }: EnvironmentDocument, holds: readonly Hold[], { others }: ClaimState): Put[] {
  const providers = [...new Set(holds.map((hold) => hold.env))].map((provider) =>
    must(others.get(provider), 'a provider has a row'),
  );
  return [
    ...holds.map((hold) => ({ ...holdAt(org, hold.env, hold.service, env), body: { ...hold, child: env } })),
    ...providers.map((row) => ({ ...environmentAt(org, row.env), body: { ...row, touched: row.touched + 1 } })),
  ];
}

function union(old: readonly Hold[], more: readonly Hold[]): readonly Hold[] {
  return [...new Map([...old, ...more].map((hold) => [`${hold.env}/${hold.service}`, hold])).values()];
}

function putting(environment: EnvironmentDocument): Changes {
  return {
    puts: [{ ...environmentAt(environment.org, environment.env), body: environment }],
    removes: [],
    appends: [],
  };
}
