import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { revisionRefused } from '@microstax/contracts/revision-refused';
import { noChanges } from '../core/changes.ts';
import { type DeriveDecision, refuse } from '../core/derive.ts';
import type { AnswerDocument } from '../core/documents.ts';
import { answerAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import type { ReadCommand } from './read-command.ts';
import { sayDecision } from './say-decision.ts';

type RefusedCommand = Extract<ReadCommand, { kind: 'refused' }>;

/** The answer to what nobody can carry out (protocol 2). */
export async function refuseCommand(
  graph: Graph,
  message: Message,
  { about, finding }: RefusedCommand,
): Promise<Outcome> {
  if (message.purpose !== 'activate') return sayRefusal(graph, message, { about, finding });
  const { collection, key } = answerAt(about.org, about.submission.id);
  const decision = await graph.transact(
    (reader) => reader.get<AnswerDocument>({ collection, key }),
    (answered): DeriveDecision =>
      answered ? { kind: 'answered', answer: answered.answer, changes: noChanges } : refuse(about, [finding]),
  );
  sayDecision(graph, about, decision);
  return done;
}

// protocol 30: of a preview nothing is recorded, not even that it is refused.
async function sayRefusal(
  { bus }: Graph,
  { id: inputId, purpose, drive }: Message,
  { about, finding }: Pick<RefusedCommand, 'about' | 'finding'>,
): Promise<Outcome> {
  const { org, env, submission } = about;
  const body = { org, env, submission: submission.id, findings: [finding] };
  await bus.publish(revisionRefused, body, { inputId, purpose, drive });
  return done;
}
