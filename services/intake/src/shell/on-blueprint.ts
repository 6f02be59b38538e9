import { type Bus, done, type Message, type Outcome } from '@microstax/bus/bus';
import { blueprintAccepted } from '@microstax/contracts/blueprint-accepted';
import { blueprintRejected } from '@microstax/contracts/blueprint-rejected';
import { bundleOf } from '@microstax/contracts/bundle';
import type { Actor, SubmissionOrder } from '@microstax/contracts/fields';
import { type IdentifyReply, identify } from '@microstax/contracts/graph-requests';
import { parseSubject } from '@microstax/contracts/subjects';
import { localActor } from '@microstax/model/names';
import type { Clock } from '@microstax/service/clock';
import { failpoint } from '@microstax/service/failpoint';
import type { Log } from '@microstax/service/log';
import type { IntakeConfig } from '../config.ts';
import { type Decision, decideBlueprint } from '../core/decide.ts';
import { decodeBody } from '../core/decode-body.ts';
import { identifyRequest } from '../core/identify.ts';
import { judgeParent } from '../core/parent-fate.ts';
import type { BlueprintOrigin, ReadBlueprint, UnreadableBlueprint } from '../core/read-blueprint.ts';
import { readInput } from '../core/stored/read-input.ts';
import { blueprintWasAccepted, blueprintWasRejected, parentIsAwaited } from '../events.ts';
import { askGraph } from './ask-graph.ts';
import type { BusIncarnation } from './bus-incarnation.ts';
import { fetchStored } from './fetch-stored.ts';
import { findParentFate } from './find-parent.ts';

export type BlueprintShell = {
  readonly bus: Bus;
  readonly log: Log;
  readonly clock: Clock;
  readonly config: Pick<IntakeConfig, 'limits' | 'parentWaitMs'>;
  readonly incarnation: BusIncarnation;
};

type Submission = {
  readonly org: string;
  readonly env: string;
  readonly submission: string;
  readonly order: SubmissionOrder;
  readonly actor: Actor;
};

/** A Blueprint was submitted at the door: it is accepted, rejected with all findings, or waits for its parent. */
export async function onBlueprint(message: Message, shell: BlueprintShell): Promise<Outcome> {
  const address = parseSubject(message.subject);
  if (address?.kind !== 'blueprint') return dead(`Cannot read subject "${message.subject}": it is no Blueprint's`);
  if (message.id.length > submissionIdCharsMax)
    return dead(
      `Cannot answer a submission whose id has ${message.id.length} characters: at most ${submissionIdCharsMax}`,
    );
  const submission: Submission = {
    org: address.org,
    env: address.env,
    submission: message.id,
    order: { incarnation: await shell.incarnation.current(), sequence: message.sequence },
    actor: actorOf(address.actor),
  };
  const blueprint = await readBody(message.body, submission, shell);
  const decision = decideBlueprint(blueprint, await identifyIn(blueprint, submission, shell));
  const verdict =
    decision.kind === 'needs parent' ? await awaitParent(decision, blueprint, submission, message, shell) : decision;
  if (verdict.kind === 'later') return verdict;
  await failpoint('intake.blueprint.after-decide');
  const origin = blueprint.kind === 'read' ? blueprint.origin : undefined;
  await say(verdict, origin, submission, message, shell);
  await failpoint('intake.blueprint.after-say');
  return done;
}

const submissionIdCharsMax = 200; // what the contracts let an event carry

function dead(reason: string): Outcome {
  return { kind: 'dead', reason };
}

/** NATS does not tell who published; the token of the subject does, and without one only loopback vouches (design 3). */
function actorOf(token: string | undefined): Actor {
  return token === undefined ? { name: localActor, proof: 'loopback' } : { name: token, proof: 'subject' };
}

async function readBody(
  body: Uint8Array,
  { org, env }: Submission,
  { bus, config: { limits } }: BlueprintShell,
): Promise<ReadBlueprint | UnreadableBlueprint> {
  const decoded = decodeBody(body, limits);
  if (decoded.kind !== 'text') return decoded;
  const input = readInput(decoded.text, { org, env }, limits);
  return input.kind === 'stored' ? fetchStored(bus, input) : input;
}

/** What the graph knows around a Blueprint; it is not asked about a text that nobody can read. */
async function identifyIn(
  blueprint: ReadBlueprint | UnreadableBlueprint,
  { org }: Submission,
  { bus }: BlueprintShell,
): Promise<IdentifyReply | null> {
  const request = blueprint.kind === 'read' ? identifyRequest(blueprint) : undefined;
  return request === undefined ? null : askGraph(bus, identify, org, request);
}

type Later = Extract<Outcome, { kind: 'later' }>;
type Final = Exclude<Decision, { kind: 'needs parent' }>;

/** Protocol 4. An answered parent may have been committed since the graph was asked, so it is asked once more. */
async function awaitParent(
  decision: Extract<Decision, { kind: 'needs parent' }>,
  blueprint: ReadBlueprint | UnreadableBlueprint,
  submission: Submission,
  message: Message,
  shell: BlueprintShell,
): Promise<Final | Later> {
  const { org, order } = submission;
  const { parent } = decision;
  const fate = await findParentFate(shell.bus, { org, parent, ...order });
  const again = decideBlueprint(blueprint, await identifyIn(blueprint, submission, shell));
  if (again.kind !== 'needs parent') return again;
  const waitedMs = shell.clock.now() - message.storedAt;
  const verdict = judgeParent(again, fate, { waitedMs, parentWaitMs: shell.config.parentWaitMs });
  if (verdict.kind === 'rejected') return verdict;
  parentIsAwaited(shell.log, { org, env: submission.env, submission: submission.submission, parent, waitedMs });
  return { kind: 'later', delayMs: parentDelayMs(message.deliveries), reason: verdict.reason };
}

/** A parent that was published just before is through in a moment, so the first waits are short; at most 1 s. */
function parentDelayMs(deliveries: number): number {
  return Math.min(1_000, 50 * 2 ** Math.min(deliveries, 10));
}

async function say(
  verdict: Final,
  origin: BlueprintOrigin | undefined,
  submission: Submission,
  message: Message,
  { bus, log }: BlueprintShell,
): Promise<void> {
  const { org, env } = submission;
  const how = { inputId: message.id, purpose: message.purpose, drive: message.drive };
  const { findings } = verdict;
  if (verdict.kind === 'rejected') {
    await bus.publish(blueprintRejected, { ...submission, findings: [...findings] }, how);
    blueprintWasRejected(log, { org, env, submission: submission.submission, findings });
    return;
  }
  const { revision } = verdict;
  const accepted = {
    ...submission,
    receivedAt: Math.trunc(message.storedAt),
    source: origin?.source ?? 'blueprint',
    ...(origin === undefined ? {} : { sourceRevision: origin.revision }),
    bundle: bundleOf(revision),
    ...(findings.length === 0 ? {} : { findings: [...findings] }),
  };
  await bus.publish(blueprintAccepted, accepted, how);
  const services = revision.value.services.length;
  blueprintWasAccepted(log, {
    org,
    env,
    submission: submission.submission,
    revision: revision.digest,
    services,
    findings,
  });
}
