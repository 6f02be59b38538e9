import { type Env, readDurationMs, readOptionalString, readString } from '@microstax/service/env';

export type PlannerConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  /** An OTLP/HTTP collector's base address. */
  readonly otlpEndpoint?: string;
  /** How long the policies of one plan may take, beside a millisecond for each evaluation. */
  readonly policyMs?: number;
};

export const policyMsByDefault = 2_000; // a simple policy takes microseconds; a busy machine is no runaway

/** Reads what the planner is started with; nothing has to be set. */
export function readPlannerConfig(env: Env): PlannerConfig {
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    policyMs: readDurationMs(env, 'MSX_POLICY_TIMEOUT', policyMsByDefault),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
  };
}
