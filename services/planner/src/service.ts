import type { Message } from '@microstax/bus/bus';
import { joinBus } from '@microstax/bus/join-bus';
import { durables } from '@microstax/contracts/topology';
import { createLog, type Log } from '@microstax/service/log';
import { type PlannerConfig, policyMsByDefault } from './config.ts';
import { predictAnswer } from './shell/answer-predict.ts';
import { whatIfAnswer } from './shell/answer-what-if.ts';
import { onEnvironmentRevised } from './shell/on-environment-revised.ts';
import { policyWorkers } from './shell/policies/policy-workers.ts';

export type PlannerOverrides = {
  readonly log?: Log;
  /** Protocol 33: awaited before each handler. */
  readonly gate?: (message: Message) => Promise<void>;
};

const service = 'planner';

/** Starts the planner: settles once it hears events. Disposing it finishes what it has begun, then leaves the bus. */
export async function startPlanner(config: PlannerConfig, overrides: PlannerOverrides = {}): Promise<AsyncDisposable> {
  const { gate } = overrides;
  const log = overrides.log ?? createLog({ service, level: config.logLevel });
  const owned = new AsyncDisposableStack();
  try {
    const bus = await joinBus(owned, { service, log, natsUrl: config.natsUrl, otlpEndpoint: config.otlpEndpoint });
    const policies = owned.use(policyWorkers({ evaluateMs: config.policyMs ?? policyMsByDefault }));
    owned.use(await bus.serve([whatIfAnswer(policies), predictAnswer(policies)]));
    const shell = { bus, log, policies };
    owned.use(
      await bus.consume(durables.plannerRevised, (message) => onEnvironmentRevised(message, shell), {
        ...(gate === undefined ? {} : { gate }),
      }),
    );
    return owned;
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}
