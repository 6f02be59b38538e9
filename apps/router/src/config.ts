import { defaultOrg } from '@microstax/model/names';
import { type Env, readDurationMs, readOptionalString, readString } from '@microstax/service/env';

export type RouterConfig = {
  readonly natsUrl: string;
  /** One router serves one organisation. */
  readonly org: string;
  readonly logLevel: string;
  readonly otlpEndpoint?: string;
  /** How long a listener that nobody names any more, and a connection to a target that moved, go on. */
  readonly lingerMs: number;
};

/** Reads what the router is started with. Throws `ConfigError` on a setting that nobody can act on. */
export function readRouterConfig(env: Env): RouterConfig {
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    org: readString(env, 'MSX_ORG', defaultOrg),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
    lingerMs: readDurationMs(env, 'MSX_ROUTER_LINGER', 10_000), // drainMs of protocol 25
  };
}
