import type { Message, Outcome } from '@microstax/bus/bus';
import { activationDenied } from '@microstax/contracts/activation-denied';
import type { Graph } from './graph.ts';
import { parseEvent } from './parse-event.ts';
import { recordEvent } from './record-event.ts';

/** The activation ends as denied; what serves goes on serving (protocol 19). */
export async function onActivationDenied(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(activationDenied, message);
  if (!parsed.ok) return parsed.outcome;
  return recordEvent(graph, message, parsed.body, { stage: 'decided', findings: parsed.body.findings, ends: 'denied' });
}
