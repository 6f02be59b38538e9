import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { type CommandVerb, commandSchema, commandVerbs } from '@microstax/contracts/command';
import { headerNames } from '@microstax/contracts/header-names';
import { filters, parseSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { localActor } from '@microstax/model/names';
import { failpoint } from '@microstax/service/failpoint';
import { currentTraceparent } from '@microstax/service/telemetry';
import { type Commanded, command } from '../core/command.ts';
import type { AnswerDocument } from '../core/documents.ts';
import { answerAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import { loadCommand } from './load-command.ts';
import { parseJson } from './parse-event.ts';
import { sayDecision } from './say-decision.ts';

/** How long a command waits before it looks again at the Blueprint that came before it. */
const blueprintLookMs = 250;

/** `stop resume retry delete`: the wanted state, recorded as a new generation (protocol 14, 18). */
export async function onCommand(graph: Graph, message: Message): Promise<Outcome> {
  const parsed = parse(graph, message);
  if ('kind' in parsed) return parsed;
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

function parse(graph: Graph, message: Message): Commanded | Outcome {
  const address = parseSubject(message.subject);
  if (address?.kind !== 'command') return { kind: 'dead', reason: `Cannot read a command from "${message.subject}"` };
  const { org, env, verb, actor } = address;
  if (!isVerb(verb))
    return {
      kind: 'dead',
      reason: `Cannot do "${verb}": the graph knows ${commandVerbs.map((known) => `"${known}"`).join(', ')}`,
    };
  const json = message.body.byteLength === 0 ? {} : parseJson(message.body);
  const options = commandSchema.safeParse(json);
  if (!options.success)
    return { kind: 'dead', reason: `Cannot read the options of "${verb}": ${options.error.message}` };
  const order = { incarnation: message.incarnation, sequence: message.sequence };
  return {
    org,
    env,
    verb,
    cascade: options.data.cascade,
    submission: { id: message.id, order },
    actor: actor === undefined ? { name: localActor, proof: 'loopback' } : { name: actor, proof: 'subject' },
    traceparent: currentTraceparent() ?? null,
    now: graph.clock.now(),
  };
}

function isVerb(verb: string): verb is CommandVerb {
  return commandVerbs.some((known) => known === verb);
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
