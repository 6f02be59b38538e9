import { done, type Message, type Outcome } from '@microstax/bus/bus';
import type { Bundle } from '@microstax/contracts/bundle';
import type { Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import { failpoint } from '@microstax/service/failpoint';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { activationAt, artifactAt, environmentAt } from '../core/places.ts';
import { type Recording, record } from '../core/record.ts';
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

/** Records what another stage decided, with all bytes or not at all (protocol 8). Previews are nobody's record. */
export async function recordEvent(
  graph: Graph,
  message: Message,
  { org, env, generation, activation, bundle }: StageEvent,
  said: Pick<Recording, 'stage' | 'ends'> & { readonly findings: readonly Finding[] },
): Promise<Outcome> {
  if (message.purpose !== 'activate' || generation === 0) return done;
  const artifacts = openAll(await graph.bus.openBundle(bundle));
  const recording: Recording = {
    ...said,
    artifacts,
    sequence: message.sequence,
    incarnation: message.incarnation,
    drive: message.drive,
    now: graph.clock.now(),
  };
  const decision = await graph.transact(
    async (reader) => {
      const [environment, row] = await reader.getMany([environmentAt(org, env), activationAt(org, env, generation)]);
      const bytes = await reader.peekMany(artifacts.map(({ digest }) => artifactAt(org, digest)));
      const known = new Set<Digest>(artifacts.filter((_, index) => bytes[index] !== null).map(({ digest }) => digest));
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
