import { type Env, readOptionalString, readString } from '@microstax/service/env';

export type ValidatorConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  /** An OTLP/HTTP collector's base address. */
  readonly otlpEndpoint?: string;
};

/** Reads what the validator is started with; nothing has to be set. */
export function readValidatorConfig(env: Env): ValidatorConfig {
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
  };
}
