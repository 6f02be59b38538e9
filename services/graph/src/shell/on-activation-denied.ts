import type { Message, Outcome } from '@microstax/bus/bus';
import { activationDenied } from '@microstax/contracts/activation-denied';
import type { Graph } from './graph.ts';
import { noteIfPreview } from './note-verdict.ts';
import { parseEvent } from './parse-event.ts';
import { recordEvent } from './record-event.ts';

/** The activation ends as denied; what serves goes on serving (protocol 19). */
export async function onActivationDenied(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(activationDenied, message);
  if (!parsed.ok) return parsed.outcome;
  const { body } = parsed;
  const noted = await noteIfPreview(graph, message, body, 'denied', body.findings);
  return noted ?? recordEvent(graph, message, body, { stage: 'decided', findings: body.findings, ends: 'denied' });
}
