import { resolve } from 'node:path';
import { defaultOrg } from '@microstax/model/names';

/** What the CLI reads of its environment; flags win over it. */
export type CliEnv = {
  readonly natsUrl: string | undefined;
  readonly natsServer: string | undefined;
  readonly dataDir: string;
  readonly org: string;
  readonly output: string | undefined;
  readonly path: string | undefined;
  readonly logLevel: string;
  readonly otlpEndpoint: string | undefined;
  readonly nodeEnv: NodeJS.ProcessEnv;
};

export function readCliEnv(env: NodeJS.ProcessEnv = process.env): CliEnv {
  return {
    natsUrl: env.NATS_URL || undefined,
    natsServer: env.MSX_NATS_SERVER || undefined,
    dataDir: resolve(env.MSX_DATA || '.msx'),
    org: env.MSX_ORG || defaultOrg,
    output: env.MSX_OUTPUT || undefined,
    path: env.PATH,
    logLevel: env.MSX_LOG_LEVEL || 'warn',
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined,
    nodeEnv: env,
  };
}
