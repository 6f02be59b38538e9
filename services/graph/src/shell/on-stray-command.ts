import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { parseSubject } from '@microstax/contracts/subjects';
import type { Graph } from './graph.ts';
import { readCommand } from './read-command.ts';
import { refuseCommand } from './refuse-command.ts';

/** A command that nobody else hears is refused, so that whoever sent it does not wait (protocol 2). */
export async function onStrayCommand(graph: Graph, message: Message): Promise<Outcome> {
  const address = parseSubject(message.subject);
  if (address?.kind === 'command' && address.service === 'graph') return done; // `on-command.ts` hears it
  const read = readCommand(message, graph.clock.now());
  if (read.kind === 'refused') return refuseCommand(graph, message, read);
  return read.kind === 'dead' ? read : done;
}
