import type { Message, Outcome } from '@microstax/bus/bus';
import { planRefused } from '@microstax/contracts/plan-refused';
import type { Graph } from './graph.ts';
import { parseEvent } from './parse-event.ts';
import { recordEvent } from './record-event.ts';

/** The activation ends as refused; what serves goes on serving (protocol 19). */
export async function onPlanRefused(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(planRefused, message);
  if (!parsed.ok) return parsed.outcome;
  return recordEvent(graph, message, parsed.body, {
    stage: 'planned',
    findings: parsed.body.findings,
    ends: 'refused',
  });
}
