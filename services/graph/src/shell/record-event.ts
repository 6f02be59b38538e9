import { done, type Message, type Outcome } from '@microstax/bus/bus';
import { type Bundle, type BundleEntry, pickFromBundle } from '@microstax/contracts/bundle';
import type { ArtifactKind, Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import { failpoint } from '@microstax/service/failpoint';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { activationAt, environmentAt } from '../core/places.ts';
import { addsNothing, type RecordedArtifact, type Recording, record } from '../core/record.ts';
import { artifactsWereUnequal, stageWasRecorded } from '../events.ts';
import type { Graph } from './graph.ts';
import { openAll } from './parse-event.ts';

export type StageEvent = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly activation: string;
  readonly bundle: Bundle;
};

type Said = Pick<Recording, 'stage' | 'ends'> & { readonly findings: readonly Finding[] };

const offThePathMs = 100;

/**
 * Lets the next stages go first: nobody waits for the record of what is on its way to them, while the claim waits for
 * that of the approval, which brings the same artifacts.
 */
export async function offThePath({ clock }: Graph, { purpose }: Message): Promise<void> {
  if (purpose === 'activate') await clock.delay(offThePathMs);
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
  const transact = () =>
    graph.transact(
      async (reader) => {
        const [environment, row] = await reader.getMany([environmentAt(org, env), activationAt(org, env, generation)]);
        const known = new Set<Digest>(artifacts.flatMap(({ digest, bytes }) => (bytes === undefined ? [digest] : [])));
        return {
          environment: environment as EnvironmentDocument | null,
          activation: row as ActivationDocument | null,
          known,
        };
      },
      (state) => {
        const decided = record(recording, state);
        return {
          decided,
          changes: decided.kind === 'recorded' ? decided.changes : { puts: [], removes: [], appends: [] },
        };
      },
    );
  const decision = await graph.turns.take(`${org}/${env}`, transact);
  await failpoint(`graph.${said.stage}.after-decide`);
  const { decided } = decision;
  if (decided.kind === 'ignored') {
    graph.log.warn({ org, env, activation, reason: decided.reason }, 'event not recorded');
    return done;
  }
  if (decided.unequal.length > 0) artifactsWereUnequal(graph.log, { org, env, activation, findings: decided.unequal });
  stageWasRecorded(graph.log, { org, env, activation, stage: said.stage, outcome: said.ends ?? null });
  return done;
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
