import type { Message } from '@microstax/bus/bus';
import { joinBus } from '@microstax/bus/join-bus';
import { durables } from '@microstax/contracts/topology';
import { createLog, type Log } from '@microstax/service/log';
import type { ValidatorConfig } from './config.ts';
import { propagationAnswer } from './shell/answer-propagation.ts';
import { onResolutionRecorded } from './shell/on-resolution-recorded.ts';

export type ValidatorOverrides = {
  readonly log?: Log;
  /** Protocol 33: awaited before each handler. */
  readonly gate?: (message: Message) => Promise<void>;
};

const service = 'validator';

/** Starts the validator: settles once it hears events. Disposing it finishes what it has begun, then leaves the bus. */
export async function startValidator(
  config: ValidatorConfig,
  overrides: ValidatorOverrides = {},
): Promise<AsyncDisposable> {
  const { gate } = overrides;
  const log = overrides.log ?? createLog({ service, level: config.logLevel });
  const owned = new AsyncDisposableStack();
  try {
    const bus = await joinBus(owned, { service, log, natsUrl: config.natsUrl, otlpEndpoint: config.otlpEndpoint });
    owned.use(await bus.serve([propagationAnswer(bus)]));
    const shell = { bus, log };
    owned.use(
      await bus.consume(durables.validatorRecorded, (message) => onResolutionRecorded(message, shell), {
        ...(gate === undefined ? {} : { gate }),
      }),
    );
    return owned;
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}
