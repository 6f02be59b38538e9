import { executionOffered } from '@microstax/contracts/execution-offered';
import { activationRef } from '@microstax/contracts/fields';
import type { HeldExecution } from '@microstax/contracts/graph-requests';
import { type Changes, noChanges } from './changes.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { say } from './outbox.ts';

export type OfferState = {
  readonly environment: EnvironmentDocument | null;
  readonly execution: ExecutionDocument | null;
  readonly activation: ActivationDocument | null;
};

/** Protocol 22: says `execution offered` where the execution is still open under the epoch that fell silent. */
export function offerExecution(
  { epoch, silentMs, ordinal }: { readonly epoch: number; readonly silentMs: number; readonly ordinal: number },
  { environment, execution, activation }: OfferState,
): { readonly changes: Changes } {
  if (environment === null || execution === null || activation === null) return { changes: noChanges };
  if (!environment.execution?.open || environment.epoch !== epoch) return { changes: noChanges };
  const { host, pid } = execution.owner;
  const reason = `process ${pid} on "${host}" was silent for ${silentMs} ms`;
  const body = { ...activationRef(activation), reason, execution: execution.execution, epoch };
  const options = { inputId: `${execution.execution}/${epoch}`, ordinal, traceparent: execution.traceparent };
  return { changes: { puts: [], removes: [], appends: [say(executionOffered, body, options)] } };
}

/** Who has an execution that is not finished, for whoever asks for it again. */
export function holding(open: ExecutionDocument | null): { readonly held?: HeldExecution } {
  return open === null ? {} : { held: { execution: open.execution, epoch: open.epoch, owner: open.owner } };
}
