import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import type { EnvironmentStatus, Pointer } from '@microstax/model/status';
import type { ActivationDocument, AnswerDocument, EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { statusOf } from './status.ts';

/** What was recorded about the generations of an environment up to one, each oldest first. */
export type Past = {
  readonly activations: readonly ActivationDocument[];
  readonly executions: readonly ExecutionDocument[];
  readonly journal: readonly JournalEntry[];
  /** The declarations of the newest of them. */
  readonly revision: Revision;
};

/**
 * The status of an environment as of a generation: what its newest generation, and all before it, had come to. Later
 * generations change nothing in it. Whether instances were lost again and again is of the present alone.
 */
export function statusAsOf(environment: EnvironmentDocument, past: Past): EnvironmentStatus {
  const { activations, executions, journal, revision } = past;
  const newest = must(activations.at(-1), 'a generation has an activation');
  const ready = activations.findLast(({ outcome }) => outcome === 'ready');
  const claimed = executions.at(-1);
  const target = activations.find(({ generation }) => generation === claimed?.generation);
  const last = journal.at(-1);
  const { floor: _, ...lasting } = environment; // how much is kept is of the present
  const row: EnvironmentDocument = {
    ...lasting,
    mode: revision.mode,
    parent: revision.parent?.env ?? null,
    wanted: newest.wanted,
    generation: newest.generation,
    journalLength: last?.n ?? 0,
    epoch: claimed?.epoch ?? 0,
    head: pointerTo(newest),
    target: pointerTo(target),
    serving: pointerTo(ready),
    servingWanted: ready?.wanted ?? null,
    degraded: false,
    movedPreview: null,
    updatedAt: Math.max(newest.at, last?.at ?? 0),
  };
  return statusOf(row, newest);
}

/** Answers that had been given when the next generation began; one that names a generation belongs to it. */
export function answersAsOf(
  answers: readonly AnswerDocument[],
  at: number,
  next: Pick<ActivationDocument, 'at'> | null,
): readonly AnswerDocument[] {
  return answers.filter(({ answer, at: givenAt }) =>
    'generation' in answer ? answer.generation <= at : next === null || givenAt <= next.at,
  );
}

export function upTo<T extends { readonly generation: number }>(rows: readonly T[], at: number | undefined): T[] {
  return rows.filter(({ generation }) => at === undefined || generation <= at);
}

function pointerTo(activation: ActivationDocument | undefined): Pointer {
  return activation ? { generation: activation.generation, revision: activation.revision } : null;
}
