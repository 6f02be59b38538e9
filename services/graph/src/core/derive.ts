import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { revisionOutdated } from '@microstax/contracts/revision-outdated';
import { revisionRefused } from '@microstax/contracts/revision-refused';
import { revisionUnchanged } from '@microstax/contracts/revision-unchanged';
import type { Artifact } from '@microstax/model/artifact';
import type { Difference } from '@microstax/model/difference';
import type { Finding } from '@microstax/model/finding';
import { emptyInventory } from '@microstax/model/journal';
import { activationId } from '@microstax/model/names';
import type { Outcome } from '@microstax/model/status';
import { audit } from './audit.ts';
import { type Append, type Changes, type Place, type Put, together } from './changes.ts';
import { type DerivedArtifacts, deriveArtifacts } from './derive-artifacts.ts';
import { refusalsOf } from './derive-checks.ts';
import type { DeriveRequest, DeriveState } from './derive-state.ts';
import type { ActivationDocument, AnswerDocument, EnvironmentDocument, IdentityDocument } from './documents.ts';
import { blueprintAccepted, lifetimeWords, type Timed } from './lifetime.ts';
import { knownIdentities, mintedIdentities } from './mint.ts';
import { namedOutside, namerChanges } from './named-outside.ts';
import { namedBundle, say } from './outbox.ts';
import {
  activationAt,
  answerAt,
  artifactAt,
  childAt,
  environmentAt,
  identityAt,
  memberAt,
  revisionAt,
  waitingAt,
} from './places.ts';
import { isNewer, sameInputs } from './same-inputs.ts';
import { settle, withoutOpen } from './settle.ts';
import { traceIdOf } from './trace-id.ts';

export type DeriveDecision =
  | {
      readonly kind: 'revised';
      readonly environment: EnvironmentDocument;
      readonly activation: ActivationDocument;
      readonly artifacts: readonly Artifact[];
      readonly changes: Changes;
    }
  | {
      readonly kind: 'unchanged';
      readonly generation: number;
      readonly outcome: Outcome | null;
      readonly changes: Changes;
    }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[]; readonly changes: Changes }
  | { readonly kind: 'outdated'; readonly newer: string; readonly changes: Changes }
  /** A redelivery: the submission has its answer, and what follows from it is in the outbox. */
  | { readonly kind: 'answered'; readonly answer: SubmissionAnswer; readonly changes: Changes };

/**
 * Decides whether an environment gets a new generation (protocol 3, 11): compares, checks lineage again, and puts
 * identities, revision, derivation, head, audit leaf and outbox row into one commit.
 */
export function derive(request: DeriveRequest, state: DeriveState): DeriveDecision {
  if (state.answered) return { kind: 'answered', answer: state.answered.answer, changes: nothing };
  const newer = newerSubmission(request, state);
  if (newer !== null) return outdated(request, newer);
  const findings = refusalsOf(request, state);
  if (findings.length > 0) return refuse(request, findings);
  const artifacts = deriveArtifacts(request, state);
  if (!request.always && isSame(state, artifacts)) return unchanged(request, state);
  return revise(request, state, artifacts);
}

const nothing: Changes = { puts: [], removes: [], appends: [] };

// protocol 1: which of two submissions is newer is decided by their order and nothing else.
function newerSubmission({ submission }: DeriveRequest, { self }: DeriveState): string | null {
  const last = self?.lastSubmission;
  return submission && last && isNewer(last.order, submission.order) ? last.id : null;
}

// protocol 3: compared with the newest generation while that one is ready or on its way.
function isSame({ newest, newestDerivation }: DeriveState, artifacts: DerivedArtifacts): boolean {
  if (newest === null || newestDerivation === null) return false;
  if (newest.outcome !== null && newest.outcome !== 'ready') return false;
  return sameInputs(newestDerivation, artifacts.derivation.value);
}

type Submitted = Pick<DeriveRequest, 'org' | 'env' | 'submission' | 'actor' | 'traceparent' | 'now'>;

/** A refusal of a Blueprint or command: an answer, an event, an audit leaf, and nothing else. */
export function refuse(request: Submitted, findings: readonly Finding[]): DeriveDecision {
  const { org, env, submission, traceparent } = request;
  const appends: Append[] = submission
    ? [
        say(
          revisionRefused,
          { org, env, submission: submission.id, findings: [...findings] },
          { inputId: submission.id, traceparent },
        ),
        answerLeaf(request, 'refused'),
      ]
    : [];
  return {
    kind: 'refused',
    findings,
    changes: { puts: answerPuts(request, { kind: 'refused', findings }), removes: [], appends },
  };
}

function outdated(request: DeriveRequest, newer: string): DeriveDecision {
  const { org, env, submission, traceparent } = request;
  const appends: Append[] = submission
    ? [
        say(revisionOutdated, { org, env, submission: submission.id, newer }, { inputId: submission.id, traceparent }),
        answerLeaf(request, 'outdated'),
      ]
    : [];
  return {
    kind: 'outdated',
    newer,
    changes: { puts: answerPuts(request, { kind: 'outdated', newer }), removes: [], appends },
  };
}

function unchanged(request: DeriveRequest, state: DeriveState): DeriveDecision {
  const { self, newest } = state;
  const { org, env, submission, traceparent, now } = request;
  if (self === null || newest === null) throw new Error('Broken invariant: only what was derived can be unchanged');
  const { generation, activation } = newest;
  const outcome = newest.outcome === 'ready' ? 'ready' : null;
  if (submission === null) return { kind: 'unchanged', generation, outcome, changes: nothing };
  const body = { org, env, submission: submission.id, generation, activation, outcome };
  const timed = timedBy(request, state, self);
  const changes: Changes = {
    puts: [
      { ...environmentAt(org, env), body: { ...timed.environment, lastSubmission: submission, updatedAt: now } },
      ...timed.changes.puts,
      ...answerPuts(request, { kind: 'unchanged', generation, activation, outcome }),
    ],
    removes: timed.changes.removes,
    appends: [say(revisionUnchanged, body, { inputId: submission.id, traceparent }), answerLeaf(request, 'unchanged')],
  };
  return { kind: 'unchanged', generation, outcome, changes };
}

function revise(request: DeriveRequest, state: DeriveState, derived: DerivedArtifacts): DeriveDecision {
  const { org, env, now } = request;
  const generation = (state.self?.generation ?? 0) + 1;
  const activation = newActivation(request, state, derived, generation);
  const timed = timedBy(request, state, revisedEnvironment(request, state, derived, generation));
  const { environment } = timed;
  const answer: SubmissionAnswer = {
    kind: 'revised',
    generation,
    activation: activation.activation,
    trace: traceIdOf(activation.traceparent),
  };
  const links = together(lineageChanges(state, environment), namerChanges(state, environment));
  const changes: Changes = {
    puts: [
      ...identityPuts(state),
      ...revisionPuts(request, state, derived, generation),
      ...derived.all.map(({ kind, digest, bytes }) => ({ ...artifactAt(org, digest), body: { kind, bytes } })),
      { ...activationAt(org, env, generation), body: activation },
      ...links.puts,
      ...timed.changes.puts,
      { ...environmentAt(org, env), body: environment },
      ...answerPuts(request, answer),
    ],
    removes: [
      ...links.removes,
      ...timed.changes.removes,
      ...(state.self?.waitingFor ?? []).map((provider) => waitingAt(org, provider, env)),
    ],
    appends: [
      say(environmentRevised, revisedBody(activation, derived), {
        inputId: request.submission?.id ?? activation.activation,
        traceparent: activation.traceparent,
      }),
      audit(org, {
        at: now,
        actor: request.actor,
        verb: 'revised',
        subject: activation.activation,
        digest: derived.derivation.digest,
        submission: request.submission?.id ?? null,
      }),
    ],
  };
  return { kind: 'revised', environment, activation, artifacts: derived.all, changes };
}

// Only who submits a Blueprint prolongs the life of what it declares.
function timedBy({ cause, now }: DeriveRequest, { own }: DeriveState, environment: EnvironmentDocument): Timed {
  if (cause.kind !== 'submission') return { environment, changes: nothing };
  return blueprintAccepted(environment, lifetimeWords(own.value), now);
}

export function revisedBody(activation: ActivationDocument, { all }: Pick<DerivedArtifacts, 'all'>) {
  const { org, env, generation, submission, actor, cause } = activation;
  return {
    org,
    env,
    generation,
    activation: activation.activation,
    submission,
    actor,
    cause,
    bundle: namedBundle(all),
  };
}

/** The activation of a new generation. */
export function newActivation(
  request: DeriveRequest,
  { own }: DeriveState,
  derived: DerivedArtifacts,
  generation: number,
): ActivationDocument {
  const { org, env, submission, actor, cause, source, wanted, now, traceparent, linkedTraces } = request;
  const trace = traceIdOf(traceparent);
  const words = lifetimeWords(own.value);
  return {
    org,
    env,
    generation,
    activation: activationId(env, generation),
    submission: submission?.id ?? null,
    actor,
    cause,
    ...(source === undefined ? {} : { source }),
    wanted,
    ...(words === undefined ? {} : { lifetime: words }),
    at: now,
    revision: own.digest,
    derivation: derived.derivation.digest,
    stage: 'revised',
    outcome: null,
    reason: 'waits for a plan',
    artifacts: Object.fromEntries(derived.all.map(({ kind, digest }) => [kind, digest])),
    findings: [],
    traces: [...new Set([...(trace === null ? [] : [trace]), ...linkedTraces])],
    traceparent,
    local: null,
    services: derived.composition.value.services.length,
  };
}

function revisedEnvironment(
  { org, env, wanted, submission, now }: DeriveRequest,
  { self, own, lineage, outside }: DeriveState,
  derived: DerivedArtifacts,
  generation: number,
): EnvironmentDocument {
  const { value: revision, digest } = own;
  const root = lineage.at(-1);
  const [parent] = lineage;
  const names = namedOutside(
    revision,
    lineage.map((ancestor) => ancestor.revision),
  );
  return {
    ...(self ?? unborn),
    org,
    env,
    project: revision.project,
    mode: revision.mode,
    parent: parent?.environment.env ?? null,
    root: root?.environment.env ?? env,
    value: revision.routing.value,
    headerName: derived.composition.value.rootRouting.headerName,
    generation,
    head: { generation, revision: digest },
    wanted,
    open: [...(self?.open ?? []), generation],
    lastSubmission: submission ?? self?.lastSubmission ?? null,
    pin: parent?.link === 'pinned' ? parent.read : null,
    offers: [...lineage, ...outside].map(({ environment, offer }) => ({
      env: environment.env,
      revision: offer.revision,
    })),
    changed: revision.mode === 'overlay' ? ownChanges(derived.difference.value) : [],
    waitingFor: [],
    ...(names.length > 0 || self?.names ? { names } : {}),
    ...(self?.movedPreview ? { movedPreview: null } : {}), // what is derived now takes it, or makes it out of date
    updatedAt: now,
  };
}

const unborn = {
  target: null,
  serving: null,
  servingWanted: null,
  epoch: 0,
  journalLength: 0,
  inventory: emptyInventory,
  execution: null,
  holds: [],
  keys: [],
  drifts: [],
  degraded: false,
  touched: 0,
} as const;

/** Services that an overlay declares differently from its parent, sorted. */
export function ownChanges(difference: Difference): string[] {
  const own = new Set(['added', 'changed', 'removed']);
  return difference.services.filter(({ state }) => own.has(state)).map(({ service }) => service);
}

// A new child bumps its parent's row, so that the parent's delete and the child's birth cannot both succeed.
function lineageChanges({ self, lineage }: DeriveState, next: EnvironmentDocument): Changes {
  const { org, env } = next;
  const removes: Place[] = [];
  if (self && self.parent !== null && self.parent !== next.parent) removes.push(childAt(org, self.parent, env));
  if (self && self.root !== next.root) removes.push(memberAt(org, self.root, env));
  const puts: Put[] = [{ ...memberAt(org, next.root, env), body: { env } }];
  const parent = lineage[0]?.environment;
  if (!parent || (self && self.parent === parent.env && self.wanted !== 'deleted'))
    return { puts, removes, appends: [] };
  puts.push({ ...childAt(org, parent.env, env), body: { env } });
  puts.push({ ...environmentAt(org, parent.env), body: { ...parent, touched: parent.touched + 1 } });
  return { puts, removes, appends: [] };
}

// protocol 11: the commit confirms what intake proposed. The key is what the identity is a digest of.
function identityPuts(state: DeriveState): Put[] {
  const { org, project } = state.own.value;
  const known = new Set(knownIdentities(state).map(({ identity }) => identity));
  return mintedIdentities(state.own.value)
    .filter(({ identity }) => !known.has(identity))
    .map(({ identity, firstName, ordinal }) => {
      const body: IdentityDocument = { identity, project, firstName, ordinal };
      return { ...identityAt(org, project, firstName, ordinal), body };
    });
}

function revisionPuts(
  { org, env, now, actor, source }: DeriveRequest,
  { own, revisionKnown }: DeriveState,
  _derived: DerivedArtifacts,
  generation: number,
): Put[] {
  if (revisionKnown) return [];
  return [
    {
      ...revisionAt(org, env, own.digest),
      body: { env, revision: own.digest, firstGeneration: generation, at: now, actor, ...(source && { source }) },
    },
  ];
}

/** Protocol 2: the one recorded answer, under the submission's id. */
function answerPuts({ org, env, submission, now }: Submitted, answer: SubmissionAnswer): Put[] {
  if (submission === null) return [];
  const body: AnswerDocument = { submission: submission.id, env, order: submission.order, answer, at: now };
  return [{ ...answerAt(org, submission.id), body }];
}

function answerLeaf({ org, env, submission, actor, now }: Submitted, verb: SubmissionAnswer['kind']): Append {
  return audit(org, { at: now, actor, verb, subject: env, digest: null, submission: submission?.id ?? null });
}

/** Ends an activation because the same commit derived a newer generation of its environment. */
export function supersedeBy(
  decision: Extract<DeriveDecision, { kind: 'revised' }>,
  activation: ActivationDocument,
  { now, reason }: { readonly now: number; readonly reason: string },
): Extract<DeriveDecision, { kind: 'revised' }> {
  const environment = withoutOpen(decision.environment, activation.generation);
  const by = decision.activation.generation;
  const settled = settle(activation, { outcome: 'superseded', reason, by }, { now });
  const { changes } = decision;
  const at = environmentAt(environment.org, environment.env);
  const freed: Changes = { puts: [{ ...at, body: environment }], removes: [], appends: [] };
  return { ...decision, environment, changes: together(changes, settled, freed) };
}
