import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { type Bundle, type BundleEntry, pickFromBundle } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import { peekEvent } from '@microstax/contracts/peek-event';
import type { ArtifactKind, Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import type { Stage } from '@microstax/model/status';
import { failpoint } from '@microstax/service/failpoint';
import { type Changes, noChanges, type Place, together } from '../core/changes.ts';
import { claim } from '../core/claim.ts';
import type { ActivationDocument, ArtifactDocument } from '../core/documents.ts';
import { activationAt, environmentAt } from '../core/places.ts';
import {
  addsNothing,
  type RecordDecision,
  type RecordedArtifact,
  type Recording,
  type RecordState,
  record,
} from '../core/record.ts';
import { artifactsWereUnequal, stageWasRecorded } from '../events.ts';
import type { Graph } from './graph.ts';
import { loadClaim } from './load-claim.ts';
import { openAll } from './parse-event.ts';
import { rememberValue } from './transact.ts';

export type StageEvent = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly activation: string;
  readonly bundle: Bundle;
};

type Said = Pick<Recording, 'stage' | 'ends'> & { readonly findings: readonly Finding[] };

const offThePathMs = 100;
/** How long the record of an approval waits for its claim, to be one commit with it. Nobody else waits for either. */
const claimMs = 15;

/**
 * Lets the next stages go first: nobody waits for the record of what is on its way to them, while the claim waits for
 * that of the approval, which brings the same artifacts.
 */
export async function offThePath({ clock }: Graph, { purpose }: Message): Promise<void> {
  if (purpose === 'activate') await clock.delay(offThePathMs);
}

/** Whether a later stage brought all of an event, which then need not be read (protocol 8). */
export async function isRecorded<T extends { readonly org: string; readonly env: string }>(
  { store }: Graph,
  message: Message,
  { stage, contract }: { readonly stage: Stage; readonly contract: EventContract<T> },
): Promise<boolean> {
  if (message.purpose !== 'activate') return false;
  const peeked = peekEvent(message.body);
  if (peeked === undefined || contract.subject(peeked as unknown as T) !== message.subject) return false;
  const { org, env, generation, artifacts } = peeked;
  const [row] = await store.getMany<ActivationDocument>([activationAt(org, env, generation)]);
  if (row === undefined || !addsNothing({ stage, artifacts }, row.body)) return false;
  await failpoint(`graph.${stage}.after-decide`);
  return true;
}

/** Records what another stage decided, with all bytes or not at all (protocol 8). Previews are nobody's record. */
export async function recordEvent(graph: Graph, message: Message, event: StageEvent, said: Said): Promise<Outcome> {
  const { org, env, generation, activation, bundle } = event;
  if (message.purpose !== 'activate' || generation === 0) return done;
  const [row] = await graph.store.getMany<ActivationDocument>([activationAt(org, env, generation)]);
  if (row !== undefined && addsNothing({ ...said, artifacts: namedIn(bundle) }, row.body)) {
    await failpoint(`graph.${said.stage}.after-decide`);
    return done;
  }
  const artifacts = await openUnknown(graph, bundle, row?.body.artifacts ?? {});
  const recording: Recording = {
    ...said,
    artifacts,
    sequence: message.sequence,
    incarnation: message.incarnation,
    drive: message.drive,
    now: graph.clock.now(),
  };
  const place = activationAt(org, env, generation);
  if (said.stage === 'decided' && said.ends === undefined) await graph.desk.expect(place, graph.clock, claimMs);
  const decided = await graph.turns.take(`${org}/${env}`, () => recordAt(graph, event, recording, place));
  await failpoint(`graph.${said.stage}.after-decide`);
  if (decided.kind === 'ignored') {
    graph.log.warn({ org, env, activation, reason: decided.reason }, 'event not recorded');
    return done;
  }
  if (decided.unequal.length > 0) artifactsWereUnequal(graph.log, { org, env, activation, findings: decided.unequal });
  stageWasRecorded(graph.log, { org, env, activation, stage: said.stage, outcome: said.ends ?? null });
  return done;
}

/** One commit records the event, and decides the claim that waits for that (protocol 16). */
async function recordAt(
  graph: Graph,
  { org, env }: StageEvent,
  recording: Recording,
  place: Place,
): Promise<RecordDecision> {
  const { artifacts } = recording;
  const known = new Set<Digest>(artifacts.flatMap(({ digest, bytes }) => (bytes === undefined ? [digest] : [])));
  const parked = graph.desk.take(place);
  try {
    const { decided, claimed } = await graph.transact(
      async (reader) => {
        const [environment, activation] = await reader.getMany([environmentAt(org, env), place]);
        const state = { environment, activation, known } as RecordState;
        const decided = record(recording, state);
        if (decided.kind === 'ignored' || parked === undefined) return { decided, claimable: null };
        rememberValues(decided.changes, artifacts);
        reader.see(decided.changes);
        return { decided, claimable: await loadClaim(reader, org, parked.request) };
      },
      ({ decided, claimable }) => {
        const changes = decided.kind === 'recorded' ? decided.changes : noChanges;
        if (claimable === null || parked === undefined) return { decided, claimed: null, changes };
        const claimed = claim(parked.claiming, claimable);
        return { decided, claimed, changes: together(changes, claimed.changes) };
      },
    );
    parked?.answer(claimed?.reply ?? null);
    return decided;
  } catch (error) {
    parked?.answer(null); // it is decided on its own
    throw error;
  }
}

function rememberValues({ puts }: Changes, artifacts: readonly RecordedArtifact[]): void {
  for (const { collection, body } of puts) {
    if (collection !== 'artifacts') continue;
    const document = body as ArtifactDocument;
    const opened = artifacts.find(({ kind, bytes }) => kind === document.kind && bytes === document.bytes);
    if (opened?.value !== undefined) rememberValue(document, opened.value);
  }
}

function namedIn(bundle: Bundle): readonly Pick<RecordedArtifact, 'kind' | 'digest'>[] {
  const entries = Object.entries(bundle) as [ArtifactKind, BundleEntry][];
  return entries.map(([kind, { digest }]) => ({ kind, digest }));
}

/** What the activation has already needs no second look: each stage forwards what those before it decided. */
async function openUnknown(
  { bus }: Graph,
  bundle: Bundle,
  recorded: ActivationDocument['artifacts'],
): Promise<readonly RecordedArtifact[]> {
  const named = namedIn(bundle);
  const unknown = named.flatMap(({ kind, digest }) => (recorded[kind] === digest ? [] : [kind]));
  const opened = openAll(await bus.openBundle(pickFromBundle(bundle, unknown)));
  return named.map((artifact) => opened.find(({ kind }) => kind === artifact.kind) ?? artifact);
}
