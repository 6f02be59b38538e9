import { isIpAddress } from '@microstax/model/external-address';
import { defaultOrg } from '@microstax/model/names';
import {
  ConfigError,
  type Env,
  readDurationMs,
  readInteger,
  readOptionalString,
  readRedisUrl,
  readString,
} from '@microstax/service/env';
import { defaultLimits, type RouterLimits } from './core/limits.ts';

export type RouterConfig = {
  readonly natsUrl: string;
  /** One router serves one organisation. */
  readonly org: string;
  readonly logLevel: string;
  /** The address that it listens at: loopback, or one that pods of a cluster reach. */
  readonly host?: string;
  readonly otlpEndpoint?: string;
  /** Where routers share when environments were asked for last. */
  readonly redisUrl?: string;
  readonly limits?: Partial<RouterLimits>;
};

/** Reads what the router is started with. Throws `ConfigError` on a setting that nobody can act on. */
export function readRouterConfig(env: Env): RouterConfig {
  const otlpEndpoint = readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const redisUrl = readRedisUrl(env, 'REDIS_URL');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    org: readString(env, 'MSX_ORG', defaultOrg),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    host: readAddress(env, 'MSX_ROUTER_HOST', '127.0.0.1'),
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    limits: readLimits(env),
  };
}

function readAddress(env: Env, name: string, fallback: string): string {
  const address = readString(env, name, fallback);
  if (isIpAddress(address)) return address;
  throw new ConfigError(`Cannot read ${name}: found "${address}", expected an address such as 127.0.0.1`);
}

function readLimits(env: Env): RouterLimits {
  const duration = (name: string, fallback: number): number => readDurationMs(env, name, fallback);
  return {
    lingerMs: duration('MSX_ROUTER_LINGER', defaultLimits.lingerMs),
    connectMsMax: duration('MSX_ROUTER_CONNECT_TIMEOUT', defaultLimits.connectMsMax),
    requestMsMax: duration('MSX_ROUTER_REQUEST_TIMEOUT', defaultLimits.requestMsMax),
    idleMsMax: duration('MSX_ROUTER_IDLE_TIMEOUT', defaultLimits.idleMsMax),
    headMsMax: duration('MSX_ROUTER_HEAD_TIMEOUT', defaultLimits.headMsMax),
    headBytesMax: readInteger(env, 'MSX_ROUTER_HEAD_BYTES', defaultLimits.headBytesMax, { min: 1_024, max: 1_048_576 }),
    wakeHoldMs: duration('MSX_ROUTER_WAKE_HOLD', defaultLimits.wakeHoldMs),
    wakeHeldMax: readInteger(env, 'MSX_ROUTER_WAKE_HELD', defaultLimits.wakeHeldMax, { min: 0, max: 1_000_000 }),
    streamsMax: readInteger(env, 'MSX_ROUTER_STREAMS', defaultLimits.streamsMax, { min: 1, max: 1_000_000 }),
  };
}
