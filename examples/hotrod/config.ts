import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs that are fetched or built for the examples are kept, for all versions and all checkouts. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'microstax');
}

/** The environment of the Go tool: what the user set (proxies, caches), but the build's own flags. */
export function goEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, GOFLAGS: '-mod=mod -buildvcs=false', CGO_ENABLED: '0', GOWORK: 'off' };
}
