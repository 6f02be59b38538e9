import type { Message } from '@microstax/bus/bus';
import { joinBus } from '@microstax/bus/join-bus';
import { durables } from '@microstax/contracts/topology';
import { type Clock, systemClock } from '@microstax/service/clock';
import { createLog, type Log } from '@microstax/service/log';
import type { IntakeConfig } from './config.ts';
import { importAnswers } from './shell/answer-import.ts';
import { graphAnswers } from './shell/ask-graph.ts';
import { BusIncarnation } from './shell/bus-incarnation.ts';
import { onBlueprint } from './shell/on-blueprint.ts';

export type IntakeOverrides = {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Protocol 33: awaited before each handler. */
  readonly gate?: (message: Message) => Promise<void>;
};

const service = 'intake';

/** Starts intake: settles once it hears Blueprints. Disposing it finishes what it has begun, then leaves the bus. */
export async function startIntake(config: IntakeConfig, overrides: IntakeOverrides = {}): Promise<AsyncDisposable> {
  const { clock = systemClock, gate } = overrides;
  const log = overrides.log ?? createLog({ service, level: config.logLevel });
  const owned = new AsyncDisposableStack();
  try {
    const bus = await joinBus(owned, { service, log, natsUrl: config.natsUrl, otlpEndpoint: config.otlpEndpoint });
    owned.use(await bus.serve(importAnswers(log)));
    const shell = { bus, log, clock, config, incarnation: new BusIncarnation(bus) };
    owned.use(
      await bus.consume(durables.intakeBlueprint, (message) => onBlueprint(message, shell), {
        probe: () => graphAnswers(bus),
        ...(gate === undefined ? {} : { gate }),
      }),
    );
    return owned;
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}
