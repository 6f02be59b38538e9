import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import type { Graph } from './graph.ts';
import { parseEvent } from './parse-event.ts';
import { isRecorded, offThePath, recordEvent } from './record-event.ts';

/** A plan stands: it is recorded with its bytes. */
export async function onPlanDrafted(graph: Graph, message: Message): Promise<Outcome> {
  await offThePath(graph, message);
  if (await isRecorded(graph, message, { stage: 'planned', contract: planDrafted })) return done;
  const parsed = parseEvent(planDrafted, message);
  if (!parsed.ok) return parsed.outcome;
  return recordEvent(graph, message, parsed.body, { stage: 'planned', findings: [] });
}
