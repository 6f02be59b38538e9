import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { headerNames } from '@microstax/contracts/header-names';
import { parseSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { failpoint } from '@microstax/service/failpoint';
import { buryDeadLetter, type DeadLetter } from '../core/dead-letter.ts';
import type { ActivationDocument, AnswerDocument, EnvironmentDocument, ExecutionDocument } from '../core/documents.ts';
import { activationAt, answerAt, environmentAt, executionAt } from '../core/places.ts';
import { deadLetterWasHeard } from '../events.ts';
import type { Graph } from './graph.ts';
import { parseJson } from './parse-event.ts';

/** Protocol 5: a dead letter ends its submission as rejected or its activation as failed, so nobody waits for ever. */
export async function onDeadLetter(graph: Graph, message: Message): Promise<Outcome> {
  const letter = readLetter(graph, message);
  if (letter === null || message.purpose !== 'activate') return done;
  const { org, env, generation, submission } = letter;
  await graph.transact(
    async (reader) => ({
      environment: await reader.get<EnvironmentDocument>(environmentAt(org, env)),
      activation: generation === null ? null : await reader.get<ActivationDocument>(activationAt(org, env, generation)),
      execution: generation === null ? null : await reader.get<ExecutionDocument>(executionAt(org, env, generation)),
      answered: submission === null ? null : await reader.get<AnswerDocument>(answerAt(org, submission.id)),
    }),
    (state) => buryDeadLetter(letter, state),
  );
  await failpoint('graph.dead-letter.after-decide');
  deadLetterWasHeard(graph.log, letter);
  return done;
}

function readLetter(graph: Graph, message: Message): DeadLetter | null {
  const address = parseSubject(message.header(headerNames.deadSubject) ?? '');
  if (address === undefined || address.kind === 'request') return null;
  const { org, env } = address;
  const about = {
    org,
    env,
    consumer: message.header(headerNames.deadConsumer) ?? 'an unknown consumer',
    reason: message.header(headerNames.deadReason) ?? 'no reason was given',
    now: graph.clock.now(),
  };
  if (message.header(headerNames.deadStream) === streams.submissions.name)
    return { ...about, submission: submissionOf(message), generation: null };
  const body = parseJson(message.body) as Partial<Body> | null | undefined;
  if (typeof body?.generation === 'number' && body.generation > 0)
    return { ...about, submission: null, generation: body.generation };
  if (typeof body?.submission === 'string' && body.order)
    return { ...about, submission: { id: body.submission, order: body.order }, generation: null };
  return null;
}

type Body = {
  readonly generation: number;
  readonly submission: string | null;
  readonly order: { readonly incarnation: number; readonly sequence: number };
};

function submissionOf(message: Message): DeadLetter['submission'] {
  const sequence = Number(message.header(headerNames.deadSequence));
  const id =
    message.header(headerNames.deadMessageId) ?? `${streams.submissions.name}:${message.incarnation}:${sequence}`;
  return { id, order: { incarnation: message.incarnation, sequence } };
}
