import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { headerNames } from '@microstax/contracts/header-names';
import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { failpoint } from '@microstax/service/failpoint';
import { type Commanded, command } from '../core/command.ts';
import type { AnswerDocument } from '../core/documents.ts';
import { answerAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import { loadCommand } from './load-command.ts';
import { readCommand } from './read-command.ts';
import { refuseCommand } from './refuse-command.ts';
import { sayDecision } from './say-decision.ts';

/** How long a command waits before it looks again at the Blueprint that came before it. */
const blueprintLookMs = 250;

/** `stop resume retry delete`: the wanted state, recorded as a new generation (protocol 14, 18). */
export async function onCommand(graph: Graph, message: Message): Promise<Outcome> {
  const read = readCommand(message, graph.clock.now());
  if (read.kind === 'dead') return read;
  if (read.kind === 'refused') return refuseCommand(graph, message, read);
  const parsed = read.command;
  const undecided = await undecidedBlueprint(graph, message, parsed);
  if (undecided)
    return { kind: 'later', delayMs: blueprintLookMs, reason: `Blueprint ${undecided} came first and is undecided` };
  const decision = await graph.transact(
    (reader) => loadCommand(reader, parsed),
    (state) => command(parsed, state),
  );
  await failpoint('graph.command.after-decide');
  sayDecision(graph, parsed, decision);
  return done;
}

// protocol 1: a command waits while a Blueprint of lower order for its environment is undecided.
async function undecidedBlueprint(
  graph: Graph,
  message: Message,
  { org, env, submission }: Commanded,
): Promise<string | null> {
  const ids: string[] = [];
  for (const filter of [filters.blueprintsAt(org, env), filters.blueprintsByActors(org, env)]) {
    const stored = await graph.bus.read(streams.submissions.name, { filter, upTo: submission.order.sequence - 1 });
    const last = stored.findLast((blueprint) => blueprint.header(headerNames.purpose) !== 'preview');
    if (last)
      ids.push(last.header(headerNames.messageId) || `${message.stream}:${message.incarnation}:${last.sequence}`);
  }
  const answers = await Promise.all(
    ids.map(async (id) => {
      const { collection, key } = answerAt(org, id);
      return (await graph.store.get<AnswerDocument>(collection, key)) ? [] : [id];
    }),
  );
  return answers.flat()[0] ?? null;
}
