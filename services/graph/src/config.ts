import { defaultDriver, driverNames, type RuntimeFact, runtimeFactOf } from '@microstax/model/runtime-fact';
import {
  ConfigError,
  type Env,
  readBoolean,
  readDurationMs,
  readInteger,
  readList,
  readOptionalString,
  readString,
} from '@microstax/service/env';
import type { Retention } from './core/retention.ts';
import type { ArangoConfig } from './shell/store/arango-connection.ts';

export type GraphConfig = {
  readonly natsUrl: string;
  readonly logLevel: string;
  readonly otlpEndpoint: string | undefined;
  /** The database file; a lock lies beside it. */
  readonly databasePath: string;
  /** The key that checkpoints of the audit log are signed with; in the folder of the audit log by default. */
  readonly auditKeyPath?: string;
  /** How long entries of the audit log wait for a signed checkpoint, at most. */
  readonly checkpointMs: number;
  /** Where it is set, the store is in ArangoDB and not in that file. */
  readonly arango?: ArangoConfig;
  /** A file of the organisation's policies, and one of its prices; read when the graph starts. */
  readonly policiesPath?: string;
  readonly pricesPath?: string;
  /** Whether projections are computed again from the truth before anything else happens. */
  readonly rebuild?: boolean;
  /** What is kept of old generations; all of it where this is absent. */
  readonly retention?: Retention;
  /** Silence of an owner after which its execution is offered (protocol 22). */
  readonly leaseMs: number;
  /** How often activations that stand still are looked at (protocol 28). */
  readonly redriveMs: number;
  /** How often due timers are looked for; a new timer is looked at at once. */
  readonly timerMs: number;
  /** Environments that are derived again within a second because a parent moved, at most (protocol 13). */
  readonly fanOutPerSecond: number;
  /** What executes here; local processes by default. */
  readonly runtime?: RuntimeFact;
};

/** Reads what the graph is started with. Throws `ConfigError`. */
export function readGraphConfig(env: Env): GraphConfig {
  const arango = readArangoConfig(env);
  const auditKeyPath = readOptionalString(env, 'MSX_AUDIT_KEY');
  const policiesPath = readOptionalString(env, 'MSX_POLICIES');
  const pricesPath = readOptionalString(env, 'MSX_PRICES');
  return {
    natsUrl: readString(env, 'NATS_URL', 'nats://127.0.0.1:4222'),
    logLevel: readString(env, 'MSX_LOG_LEVEL', 'info'),
    otlpEndpoint: readOptionalString(env, 'OTEL_EXPORTER_OTLP_ENDPOINT'),
    databasePath: readString(env, 'MSX_DB', '.msx/graph.db'),
    ...(auditKeyPath === undefined ? {} : { auditKeyPath }),
    checkpointMs: readDurationMs(env, 'MSX_CHECKPOINT', 10_000),
    ...(arango === undefined ? {} : { arango }),
    ...(policiesPath === undefined ? {} : { policiesPath }),
    ...(pricesPath === undefined ? {} : { pricesPath }),
    rebuild: readBoolean(env, 'MSX_GRAPH_REBUILD', false),
    retention: {
      generations: readInteger(env, 'MSX_KEEP_GENERATIONS', 100, { min: 1, max: 1_000_000 }),
      ms: readDurationMs(env, 'MSX_KEEP', 30 * 86_400_000),
    },
    leaseMs: readDurationMs(env, 'MSX_LEASE', 15_000),
    redriveMs: readDurationMs(env, 'MSX_REDRIVE', 5_000),
    timerMs: readDurationMs(env, 'MSX_TIMER', 1_000),
    fanOutPerSecond: readInteger(env, 'MSX_FAN_OUT', 160, { min: 1, max: 10_000 }),
    runtime: readRuntime(env),
  };
}

function readRuntime(env: Env): RuntimeFact {
  const driver = readString(env, 'MSX_DRIVER', defaultDriver);
  const runtime = runtimeFactOf(driver);
  if (runtime === undefined)
    throw new ConfigError(`Cannot read MSX_DRIVER: found "${driver}", allowed are ${driverNames.join(', ')}`);
  return runtime;
}

function readArangoConfig(env: Env): ArangoConfig | undefined {
  const urls = readList(env, 'MSX_ARANGO_URL', []);
  if (urls.length === 0) return undefined;
  for (const url of urls) requireServerUrl(url);
  return {
    urls,
    database: readString(env, 'MSX_ARANGO_DATABASE', 'msx'),
    user: readString(env, 'MSX_ARANGO_USER', 'root'),
    password: env.MSX_ARANGO_PASSWORD ?? '',
  };
}

// What is found is not repeated where it may hold a password.
function requireServerUrl(text: string): void {
  const url = URL.parse(text);
  if (url !== null && (url.username !== '' || url.password !== ''))
    throw new ConfigError(
      'Cannot read MSX_ARANGO_URL: it holds a user or a password; put them into MSX_ARANGO_USER and MSX_ARANGO_PASSWORD',
    );
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new ConfigError(
      'Cannot read MSX_ARANGO_URL: allowed are addresses such as http://127.0.0.1:8529, separated by commas',
    );
}
