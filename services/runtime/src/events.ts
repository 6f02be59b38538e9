import type { Log } from '@microstax/service/log';
import { type Attributes, trace } from '@opentelemetry/api';

type About = { readonly org: string; readonly env: string };
type ExecutionAbout = About & { readonly execution: string; readonly epoch: number };

export function activationWasNotClaimed(
  log: Log,
  event: About & { readonly generation: number; readonly answer: string; readonly reason: string },
): void {
  log.info({ ...event }, 'activation not claimed');
  mark({ 'msx.claim': event.answer, 'msx.reason': event.reason });
}

export function executionBegan(
  log: Log,
  event: ExecutionAbout & { readonly generation: number; readonly how: 'claimed' | 'taken over' },
): void {
  log.info({ ...event }, 'execution began');
  mark({ 'msx.claim': event.how, 'msx.execution': event.execution, 'msx.epoch': event.epoch });
}

export function executionWasNotTakenOver(log: Log, event: About & { execution: string; reason: string }): void {
  log.info({ ...event }, 'execution not taken over');
  mark({ 'msx.claim': 'lost', 'msx.reason': event.reason });
}

export function jobSettled(
  log: Log,
  event: ExecutionAbout & { readonly job: string; readonly state: string; readonly reason?: string | undefined },
): void {
  const level = event.state === 'failed' ? 'warn' : 'debug';
  log[level]({ ...event }, `job ${event.state}`);
  trace.getActiveSpan()?.addEvent(`job ${event.state}`, { 'msx.job': event.job });
}

export function executionEnded(
  log: Log,
  event: ExecutionAbout & { readonly outcome: string; readonly reason: string },
): void {
  log.info({ ...event }, 'execution ended');
  mark({ 'msx.outcome': event.outcome, 'msx.reason': event.reason });
}

export function executionBroke(log: Log, event: About & { readonly execution: string; readonly error: unknown }): void {
  const { error: err, ...about } = event;
  log.error({ ...about, err }, 'execution broke: its lease runs out and it is offered again');
}

export function instancesWereLost(
  log: Log,
  event: About & { readonly services: readonly string[]; readonly orderly: boolean; readonly answer: string },
): void {
  log[event.orderly ? 'info' : 'warn']({ ...event }, 'instances are missing');
}

export function instancesWereAdopted(log: Log, event: About & { readonly instances: number }): void {
  log.info({ ...event }, 'instances adopted');
}

export function strangersWereEnded(log: Log, event: About & { readonly instances: readonly string[] }): void {
  log.info({ ...event }, 'instances that no journal knows were ended');
}

export function orphansWereSwept(
  log: Log,
  event: { readonly org: string; readonly found: number; readonly removed: number },
): void {
  log.info({ ...event }, 'swept');
}

export function snapshotWasTaken(
  log: Log,
  event: About & { readonly snapshot: string; readonly digest: string; readonly services: number },
): void {
  log.info({ ...event }, 'snapshot taken');
  mark({ 'msx.snapshot': event.snapshot, 'msx.digest': event.digest });
}

function mark(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}
