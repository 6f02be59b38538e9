import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { deadLetter } from '@microstax/bus/dead-letter';
import { headerNames } from '@microstax/contracts/header-names';
import { failpoint } from '@microstax/service/failpoint';
import { z } from 'zod';
import { messageWasExhausted } from '../events.ts';
import type { Graph } from './graph.ts';
import { parseJson } from './parse-event.ts';

/** What the server says about a message that it delivered as often as it may. */
const advisorySchema = z.looseObject({
  stream: z.string(),
  consumer: z.string(),
  stream_seq: z.number().int(),
  deliveries: z.number().int(),
});

/** Protocol 5: a message that killed whoever handled it stays invisible to all lag; it moves to the dead letters. */
export async function onMessageExhausted(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = advisorySchema.safeParse(parseJson(message.body));
  if (!parsed.success) return { kind: 'dead', reason: `Cannot read an advisory: ${parsed.error.message}` };
  const { stream, consumer, stream_seq: sequence, deliveries } = parsed.data;
  const original = await graph.bus.at(stream, sequence);
  if (original === undefined || stream === message.stream) return done;
  await failpoint('graph.message-exhausted.after-decide');
  const id = original.header(headerNames.messageId) ?? `${stream}:${message.incarnation}:${sequence}`;
  const { subject, body, headers } = original;
  const reason = `it was delivered ${deliveries} times and nobody acked it`;
  await graph.bus.publishRaw(
    deadLetter({ subject, body, stream, sequence, id, headers, consumer, deliveries, reason }),
  );
  await failpoint('graph.message-exhausted.after-say');
  messageWasExhausted(graph.log, { stream, consumer, sequence });
  return done;
}
