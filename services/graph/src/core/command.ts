import type { CommandVerb } from '@microstax/contracts/command';
import type { Actor } from '@microstax/contracts/fields';
import type { Wanted } from '@microstax/model/derivation';
import type { Finding } from '@microstax/model/finding';
import { type Changes, together } from './changes.ts';
import { type DeriveDecision, derive, refuse } from './derive.ts';
import type { DeriveRequest, DeriveState } from './derive-state.ts';
import type { HoldDocument, SubmissionRef } from './documents.ts';
import { environmentAt, holdAt } from './places.ts';
import { traceIdOf } from './trace-id.ts';

export type Commanded = {
  readonly org: string;
  readonly env: string;
  readonly verb: CommandVerb;
  readonly cascade: boolean;
  readonly submission: SubmissionRef;
  readonly actor: Actor;
  readonly traceparent: string | null;
  readonly now: number;
};

export type CommandState = {
  /** null: nobody ever submitted this environment. */
  readonly self: DeriveState | null;
  /** Names that are known, for a refusal that helps. */
  readonly known: readonly string[];
  /** Who holds a service of it. */
  readonly holders: readonly HoldDocument[];
  /** Who derives from it. */
  readonly children: readonly string[];
  /** With `cascade`: everybody that goes too, in any order. */
  readonly cascaded: readonly DeriveState[];
};

/** The wanted state of an environment, recorded as a new generation; children first refuse, or go too (protocol 14, 18). */
export function command(commanded: Commanded, state: CommandState): DeriveDecision {
  const request = requestOf(commanded, state);
  if (state.self?.answered) return derive(request, state.self);
  const findings = refusals(commanded, state);
  if (findings.length > 0 || state.self === null) return refuse(request, findings);
  const decision = derive(request, state.self);
  return decision.kind === 'revised' ? withCascade(decision, commanded, state) : decision;
}

function requestOf(
  { org, env, verb, submission, actor, traceparent, now }: Commanded,
  { self }: CommandState,
): DeriveRequest {
  const before = verb === 'resume' ? traceIdOf(self?.newest?.traceparent ?? null) : null;
  return {
    org,
    env,
    cause: { kind: 'command', submission: submission.id, verb },
    actor,
    submission,
    wanted: wantedBy(verb, self?.self?.wanted ?? 'running'),
    always: verb === 'retry',
    traceparent,
    linkedTraces: before === null ? [] : [before], // protocol 31
    now,
  };
}

function wantedBy(verb: CommandVerb, present: Wanted): Wanted {
  switch (verb) {
    case 'stop':
      return 'stopped';
    case 'sleep':
      return 'asleep';
    case 'resume':
    case 'wake':
      return 'running';
    case 'delete':
      return 'deleted';
    case 'retry':
      return present;
  }
}

function refusals(commanded: Commanded, { self, known, holders, children }: CommandState): Finding[] {
  const { env, verb, cascade } = commanded;
  if (self === null) return [unknown(env, known)];
  const ended = endedBefore(commanded, self.self?.wanted);
  if (ended) return [ended];
  if (cascade || !endsSomething(verb)) return [];
  const held = [...Map.groupBy(holders, ({ child }) => child)].map(([child, holds]) => heldBy(commanded, child, holds));
  const born = verb === 'delete' ? children.filter((child) => !holders.some((hold) => hold.child === child)) : [];
  return [...held, ...born.map((child) => derivedBy(commanded, child))];
}

/** Whether what runs is taken away, so that those who hold it are asked. */
export function endsSomething(verb: CommandVerb): verb is 'stop' | 'sleep' | 'delete' {
  return verb === 'stop' || verb === 'sleep' || verb === 'delete';
}

// What was stopped is stopped until somebody says so: only what sleeps is woken, and only what runs is put to sleep.
function endedBefore({ env, verb }: Commanded, wanted: Wanted | undefined): Finding | null {
  const rests = verb === 'sleep' || verb === 'wake';
  if (wanted === 'deleted' && (rests || verb === 'stop' || verb === 'resume'))
    return refusal(
      'deleted-environment',
      env,
      `Cannot ${verb} "${env}": it is deleted`,
      `apply the Blueprint of "${env}" again`,
    );
  if (wanted !== 'stopped' || !rests) return null;
  return refusal('stopped-environment', env, `Cannot ${verb} "${env}": it is stopped`, `msx resume ${env}`);
}

function unknown(env: string, known: readonly string[]): Finding {
  const next =
    known.length > 0 ? `known are ${known.map((name) => `"${name}"`).join(', ')}` : 'apply a Blueprint first';
  return refusal('unknown-environment', env, `environment "${env}" is not known`, next);
}

function heldBy({ env, verb }: Commanded, child: string, holds: readonly HoldDocument[]): Finding {
  const services = holds.map(({ service }) => `"${service}"`).join(', ');
  const reason = `Cannot ${verb} "${env}": "${child}" holds its ${holds.length === 1 ? 'service' : 'services'} ${services}`;
  return refusal('held', env, reason, `${verb} "${child}" first, or take it along: msx ${verb} ${env} --cascade`);
}

function derivedBy({ env, verb }: Commanded, child: string): Finding {
  const reason = `Cannot ${verb} "${env}": "${child}" derives from it`;
  return refusal(
    'has-children',
    env,
    reason,
    `delete "${child}" first, or take it along: msx ${verb} ${env} --cascade`,
  );
}

function refusal(code: string, subject: string, reason: string, next: string): Finding {
  return { severity: 'error', code, subject, reason, next };
}

// protocol 18: one transaction for parent and children, and it releases these children's holds.
function withCascade(
  decision: Extract<DeriveDecision, { kind: 'revised' }>,
  commanded: Commanded,
  { cascaded }: CommandState,
): DeriveDecision {
  const request = requestOf(commanded, { self: null, known: [], holders: [], children: [], cascaded: [] });
  const all = cascaded.flatMap((child) => (child.self ? [cascadeOne({ ...request, env: child.self.env }, child)] : []));
  return { ...decision, changes: together(...all, decision.changes) };
}

function cascadeOne(request: DeriveRequest, state: DeriveState): Changes {
  const decision = derive({ ...request, submission: null }, state);
  if (decision.kind !== 'revised') return decision.changes;
  const { environment, changes } = decision;
  if (request.wanted === 'asleep') return changes; // who sleeps keeps its holds: its providers are not stopped under it
  const { org, env, holds } = environment;
  const released: Changes = {
    puts: [{ ...environmentAt(org, env), body: { ...environment, holds: [] } }],
    removes: holds.map((hold) => holdAt(org, hold.env, hold.service, env)),
    appends: [],
  };
  return together(changes, released);
}
