import type { TakeoverReply, TakeoverRequest } from '@microstax/contracts/graph-requests';
import type { JournalEntry } from '@microstax/model/journal';
import { failpoint } from '@microstax/service/failpoint';
import { noChanges } from '../core/changes.ts';
import { takeOver } from '../core/take-over.ts';
import { executionWasTakenOver } from '../events.ts';
import type { Graph } from './graph.ts';
import { loadExecution } from './load-execution.ts';

/** Raises the epoch for a new owner, the target unchanged (protocol 22). */
export async function answerTakeover(
  graph: Graph,
  request: TakeoverRequest,
  { org }: { readonly org: string },
): Promise<TakeoverReply> {
  const { env } = request;
  const now = graph.clock.now();
  const { decided } = await graph.transact(
    (reader) => loadExecution(reader, org, env),
    (state) => {
      const decided = takeOver(request, { ...state, now });
      return { decided, changes: decided.kind === 'taken over' ? decided.changes : noChanges };
    },
  );
  if (decided.kind === 'lost') return decided;
  await failpoint('graph.takeover.after-decide');
  const { environment, execution } = decided;
  executionWasTakenOver(graph.log, { org, env, execution: execution.execution, epoch: execution.epoch });
  const journal = await graph.store.scan<JournalEntry>('journal', { prefix: `${org}/${env}/` });
  const own = journal.filter(({ body }) => body.execution === execution.execution);
  return {
    kind: 'taken over',
    epoch: environment.epoch,
    length: environment.journalLength,
    inventory: environment.inventory,
    events: own.map(({ body }) => body.event),
    plan: execution.plan,
    resolution: execution.resolution,
  };
}
