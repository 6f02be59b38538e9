import type { Message, Outcome } from '@microstax/bus/bus';
import { planRefused } from '@microstax/contracts/plan-refused';
import type { Graph } from './graph.ts';
import { noteIfPreview } from './note-verdict.ts';
import { parseEvent } from './parse-event.ts';
import { recordEvent } from './record-event.ts';

/** The activation ends as refused; what serves goes on serving (protocol 19). */
export async function onPlanRefused(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(planRefused, message);
  if (!parsed.ok) return parsed.outcome;
  const { body } = parsed;
  const noted = await noteIfPreview(graph, message, body, 'refused', body.findings);
  return noted ?? recordEvent(graph, message, body, { stage: 'planned', findings: body.findings, ends: 'refused' });
}
