import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import type { Graph } from './graph.ts';
import { parseEvent } from './parse-event.ts';
import { isRecorded, offThePath, recordEvent } from './record-event.ts';

/** Every service is resolved: the records are kept with their bytes. */
export async function onResolutionRecorded(graph: Graph, message: Message): Promise<Outcome> {
  await offThePath(graph, message);
  if (await isRecorded(graph, message, { stage: 'resolved', contract: resolutionRecorded })) return done;
  const parsed = parseEvent(resolutionRecorded, message);
  if (!parsed.ok) return parsed.outcome;
  return recordEvent(graph, message, parsed.body, { stage: 'resolved', findings: [] });
}
