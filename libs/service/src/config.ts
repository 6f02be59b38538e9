import type { Env } from './env.ts';

/** The environment of this process: the one place of this package that reads it. */
export function processEnv(): Env {
  return process.env;
}

/** Protocol 33: which failpoints this process was started with; undefined means none. */
export function failpointSpec(): string | undefined {
  return process.env.MSX_FAILPOINTS;
}
