import type { ClaimReply } from '@microstax/contracts/graph-requests';
import type { Finding } from '@microstax/model/finding';
import type { Log } from '@microstax/service/log';
import { type Attributes, trace } from '@opentelemetry/api';

type About = { readonly org: string; readonly env: string };

export function environmentWasRevised(
  log: Log,
  event: About & { readonly generation: number; readonly cause: string },
): void {
  log.info({ ...event }, 'environment revised');
  mark({ 'msx.answer': 'revised', 'msx.generation': event.generation, 'msx.cause': event.cause });
}

export function revisionWasUnchanged(log: Log, event: About & { readonly generation: number }): void {
  log.info({ ...event }, 'revision unchanged');
  mark({ 'msx.answer': 'unchanged', 'msx.generation': event.generation });
}

/** Codes are said, reasons are not: they repeat what a user typed. */
export function revisionWasRefused(log: Log, event: About & { readonly findings: readonly Finding[] }): void {
  const codes = [...new Set(event.findings.map(({ code }) => code))].sort();
  log.info({ org: event.org, env: event.env, codes }, 'revision refused');
  mark({ 'msx.answer': 'refused', 'msx.findings': codes });
}

export function revisionWasOutdated(log: Log, event: About & { readonly newer: string }): void {
  log.info({ ...event }, 'revision outdated');
  mark({ 'msx.answer': 'outdated' });
}

export function stageWasRecorded(
  log: Log,
  event: About & { readonly activation: string; readonly stage: string; readonly outcome: string | null },
): void {
  log.info({ ...event }, 'stage recorded');
  mark({ 'msx.activation': event.activation, 'msx.stage': event.stage });
}

export function idlenessWasJudged(
  log: Log,
  event: About & { readonly activity: string; readonly kept: string | null },
): void {
  log.info({ ...event }, event.kept === null ? 'idle' : 'not idle');
  mark({ 'msx.activity': event.activity });
}

/** Protocol 10: a defect, said loudly. */
export function artifactsWereUnequal(
  log: Log,
  event: About & { readonly activation: string; readonly findings: readonly Finding[] },
): void {
  log.error({ ...event }, 'two artifacts of one kind for one generation have unequal digests');
  mark({ 'msx.unequal': true });
}

export function claimWasAnswered(
  log: Log,
  event: About & { readonly generation: number; readonly answer: ClaimReply['kind'] },
): void {
  log.info({ ...event }, 'claim answered');
  mark({ 'msx.generation': event.generation, 'msx.claim': event.answer });
}

export function appendWasAnswered(log: Log, event: About & { readonly answer: string; readonly events: number }): void {
  log.debug({ ...event }, 'append answered');
  mark({ 'msx.append': event.answer, 'msx.entries': event.events });
}

export function executionWasTakenOver(
  log: Log,
  event: About & { readonly execution: string; readonly epoch: number },
): void {
  log.info({ ...event }, 'execution taken over');
  mark({ 'msx.execution': event.execution, 'msx.epoch': event.epoch });
}

export function ownerFellSilent(log: Log, event: About & { readonly epoch: number; readonly silentMs: number }): void {
  log.warn({ ...event }, 'the owner of an execution fell silent; offering it');
  mark({ 'msx.epoch': event.epoch });
}

export function driftWasJudged(
  log: Log,
  event: About & { readonly answer: string; readonly services: readonly string[] },
): void {
  log.warn({ ...event }, 'something that serves was lost');
  mark({ 'msx.drift': event.answer });
}

export function eventWasDrivenAgain(
  log: Log,
  event: About & {
    readonly generation: number;
    readonly stage: string;
    readonly drive: number;
    readonly reason: string;
  },
): void {
  log.warn({ ...event }, 'the last event of an activation is said again');
  mark({ 'msx.generation': event.generation, 'msx.drive': event.drive });
}

export function deadLetterWasHeard(
  log: Log,
  event: About & { readonly consumer: string; readonly reason: string },
): void {
  log.error({ ...event }, 'a message could not be handled; whoever waits for it is answered');
  mark({ 'msx.dead_letter': event.consumer });
}

export function messageWasExhausted(
  log: Log,
  event: { readonly stream: string; readonly consumer: string; readonly sequence: number },
): void {
  log.error({ ...event }, 'the server gave a message up; it moves to the dead letters');
  mark({ 'msx.dead_letter': event.consumer });
}

export function busWasOpened(log: Log, event: { readonly incarnation: number; readonly reason: string }): void {
  log.warn({ ...event }, 'a new incarnation of the bus was opened');
}

export function auditLogWasSealed(log: Log, event: { readonly org: string; readonly size: number }): void {
  log.debug({ ...event }, 'a checkpoint of the audit log was signed');
}

/** The truth was read and what is computed from it compared, because it was asked for at the start. */
export function projectionsWereRebuilt(
  log: Log,
  event: { readonly environments: number; readonly mended: readonly string[] },
): void {
  const { environments, mended } = event;
  const text = 'projections were rebuilt';
  if (mended.length === 0) log.info({ environments, mended: 0 }, text);
  else log.warn({ environments, mended: mended.length, first: mended.slice(0, 20) }, text);
}

/** What was decided for generations below the floor is not kept any more. */
export function generationsWerePruned(
  log: Log,
  event: { readonly org: string; readonly env: string; readonly floor: number; readonly generations: number },
): void {
  log.info({ ...event }, 'generations were pruned');
}

/** Nothing more is signed: somebody has to look. */
export function auditLogWasAltered(log: Log, event: { readonly org: string; readonly reason: string }): void {
  log.error({ ...event }, 'the audit log is not what was signed; no checkpoint is signed any more');
}

function mark(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}
