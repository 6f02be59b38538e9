import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { blueprintRejected } from '@microstax/contracts/blueprint-rejected';
import { failpoint } from '@microstax/service/failpoint';
import type { AnswerDocument } from '../core/documents.ts';
import { answerAt } from '../core/places.ts';
import { recordRejection } from '../core/reject.ts';
import type { Graph } from './graph.ts';
import { parseEvent } from './parse-event.ts';

/** Intake's verdict is the submission's answer (protocol 2). */
export async function onBlueprintRejected(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(blueprintRejected, message);
  if (!parsed.ok) return parsed.outcome;
  graph.memory.noteSubmission(parsed.body.order);
  if (message.purpose !== 'activate') return done;
  const { org, env, submission, order, actor, findings } = parsed.body;
  const rejection = { org, env, submission: { id: submission, order }, actor, findings, now: graph.clock.now() };
  await graph.transact(
    async (reader) => ({ answered: await reader.get<AnswerDocument>(answerAt(org, submission)) }),
    (state) => recordRejection(rejection, state),
  );
  await failpoint('graph.blueprint-rejected.after-decide');
  return done;
}
