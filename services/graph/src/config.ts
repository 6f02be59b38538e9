import { type Env, readDurationMs, readOptionalString, readString } from '@microstax/service/env';

export type GraphConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  readonly otlpEndpoint: string | undefined;
  /** The database file; a lock lies beside it. */
  readonly databasePath: string;
  /** Silence of an owner after which its execution is offered (protocol 22). */
  readonly leaseMs: number;
  /** How often activations that stand still are looked at (protocol 28). */
  readonly redriveMs: number;
  /** How often due timers are looked for; a new timer is looked at at once. */
  readonly timerMs: number;
};

/** Reads what the graph is started with. Throws `ConfigError`. */
export function readGraphConfig(env: Env): GraphConfig {
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    otlpEndpoint: readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT'),
    databasePath: readString(env, 'MSX_DB', '.msx/graph.db'),
    leaseMs: readDurationMs(env, 'MSX_LEASE', 15_000),
    redriveMs: readDurationMs(env, 'MSX_REDRIVE', 5_000),
    timerMs: readDurationMs(env, 'MSX_TIMER', 1_000),
  };
}
