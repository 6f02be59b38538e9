import type { TakeoverReply } from '@microstax/contracts/graph-requests';
import type { JournalEntry, JournalEvent } from '@microstax/model/journal';
import type { AppendState } from './append.ts';
import { audit } from './audit.ts';
import type { Changes } from './changes.ts';
import type { EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { holding } from './lease.ts';
import { environmentAt, executionAt, journalAt } from './places.ts';
import { activationPut } from './settle.ts';

/** Protocol 22: a new owner under a new epoch, the target unchanged. */
export type Takeover = {
  readonly owner: ExecutionDocument['owner'];
  readonly epoch: number;
  readonly execution: string;
  readonly reason: string;
};

export type TakeoverDecision =
  | {
      readonly kind: 'taken over';
      readonly environment: EnvironmentDocument;
      readonly execution: ExecutionDocument;
      readonly entry: JournalEntry;
      readonly changes: Changes;
    }
  | Extract<TakeoverReply, { kind: 'lost' }>;

export function takeOver(
  request: Takeover,
  { environment, execution, activation, now }: Pick<AppendState, 'environment' | 'execution' | 'activation' | 'now'>,
): TakeoverDecision {
  if (environment === null || execution === null || activation === null)
    return { kind: 'lost', reason: 'the store knows no such execution' };
  if (environment.execution?.id !== request.execution)
    return { kind: 'lost', reason: `a newer generation was claimed` };
  if (!environment.execution.open) return { kind: 'lost', reason: 'the execution has finished' };
  if (environment.epoch !== request.epoch)
    return {
      kind: 'lost',
      reason: `somebody took it over: the epoch is ${environment.epoch}, not ${request.epoch}`,
      ...holding(execution),
    };
  const { org, env } = environment;
  const epoch = environment.epoch + 1;
  const n = environment.journalLength + 1;
  const event: JournalEvent = { type: 'taken over', owner: request.owner, reason: request.reason };
  const entry: JournalEntry = {
    n,
    execution: execution.execution,
    generation: execution.generation,
    epoch,
    at: now,
    event,
  };
  const nextEnvironment: EnvironmentDocument = { ...environment, epoch, journalLength: n, updatedAt: now };
  const nextExecution: ExecutionDocument = { ...execution, epoch, owner: request.owner, reason: request.reason };
  const changes: Changes = {
    puts: [
      { ...journalAt(org, env, n), body: entry },
      { ...environmentAt(org, env), body: nextEnvironment },
      { ...executionAt(org, env, execution.generation), body: nextExecution },
      activationPut({ ...activation, reason: 'is being realised, taken over' }),
    ],
    removes: [],
    appends: [
      audit(org, {
        at: now,
        actor: activation.actor,
        verb: 'taken over',
        subject: activation.activation,
        digest: execution.plan,
        submission: activation.submission,
      }),
    ],
  };
  return { kind: 'taken over', environment: nextEnvironment, execution: nextExecution, entry, changes };
}
