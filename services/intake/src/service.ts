import type { Message } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { spanPublisher } from '@microstax/bus/span-publisher';
import { durables } from '@microstax/contracts/topology';
import { type Clock, systemClock } from '@microstax/service/clock';
import { createLog, type Log } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import type { IntakeConfig } from './config.ts';
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
  const { natsUrl, otlpEndpoint } = config;
  const owned = new AsyncDisposableStack();
  try {
    const spans = spanPublisher();
    const telemetry = owned.use(
      startTelemetry({ service, publishSpans: spans.publish, ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }) }),
    );
    const bus = owned.use(await connectBus({ url: natsUrl, service, log, telemetry }));
    spans.attach(bus);
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
