import type { World } from './world.ts';

const waitMsMax = 60_000; // a supervisor starts us again, with the sentence in its log
const pauseMs = 250;

/** Settles when the graph answers. Rejects after a minute: without the estate nothing may be started. */
export async function untilGraphAnswers({ graph, clock }: Pick<World, 'graph' | 'clock'>): Promise<void> {
  const endsAt = clock.monotonicMs() + waitMsMax;
  while (!(await graph.answers())) {
    if (clock.monotonicMs() >= endsAt) {
      throw new Error(
        `Cannot start the runtime: the graph has not answered for ${waitMsMax / 1_000} s; start it first`,
      );
    }
    await clock.delay(pauseMs);
  }
}
