import { type Env, readOptionalString, readRedisUrl, readString } from '@microstax/service/env';

export type ResolverConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  /** An OTLP/HTTP collector's base address. */
  readonly otlpEndpoint?: string;
  /** Where replicas share their compiled tables. */
  readonly redisUrl?: string;
};

/** Reads what the resolver is started with; nothing has to be set. */
export function readResolverConfig(env: Env): ResolverConfig {
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const redisUrl = readRedisUrl(env, 'REDIS_URL');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
    ...(redisUrl === undefined ? {} : { redisUrl }),
  };
}
