import type { Message, Outcome } from '@microstax/bus/bus';
import { activationApproved } from '@microstax/contracts/activation-approved';
import { openArtifact, pickFromBundle } from '@microstax/contracts/bundle';
import type { FindingsReport } from '@microstax/model/approval';
import type { Graph } from './graph.ts';
import { noteIfPreview } from './note-verdict.ts';
import { parseEvent } from './parse-event.ts';
import { recordEvent } from './record-event.ts';

/** The leave to claim is recorded with all that it names; a claim waits for this commit (protocol 16). */
export async function onActivationApproved(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parseEvent(activationApproved, message);
  if (!parsed.ok) return parsed.outcome;
  const report = await graph.bus.openBundle(pickFromBundle(parsed.body.bundle, ['findings']));
  const { findings } = openArtifact<FindingsReport>(report, 'findings').value;
  const noted = await noteIfPreview(graph, message, parsed.body, 'approved', findings);
  return noted ?? recordEvent(graph, message, parsed.body, { stage: 'decided', findings });
}
