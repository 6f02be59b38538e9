import { type Env, readDurationMs, readInteger, readOptionalString, readString } from '@microstax/service/env';
import { defaultLimits, type Limits } from './core/limits.ts';

export type IntakeConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  readonly otlpEndpoint?: string;
  /** How long a Blueprint waits for an answer to its parent's (protocol 4). */
  readonly parentWaitMs: number;
  readonly limits: Limits;
};

/** Reads what intake is started with. Throws `ConfigError` on a setting that nobody can act on. */
export function readIntakeConfig(env: Env): IntakeConfig {
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const limit = (name: string, fallback: number, max: number): number =>
    readInteger(env, name, fallback, { min: 1, max });
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
    parentWaitMs: readDurationMs(env, 'MSX_PARENT_WAIT', 60_000),
    limits: {
      ...defaultLimits,
      maxBlueprintBytes: limit('MSX_MAX_BLUEPRINT_BYTES', defaultLimits.maxBlueprintBytes, 64 * 1024 * 1024),
      maxServices: limit('MSX_MAX_SERVICES', defaultLimits.maxServices, 100_000),
      maxEdges: limit('MSX_MAX_EDGES', defaultLimits.maxEdges, 1_000_000),
    },
  };
}
