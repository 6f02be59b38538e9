// Owns: the sorted set `msx:activity:<org>` in Redis, the last touch of each environment by any router that shares it.
// Does not own: what counts as a touch.
//
// 1. A request never waits for Redis: touches are told twice a second, each environment's newest only.
// 2. What this process saw counts whether Redis is there or not, and is told once it is back.
import { type ActivityClocks, inProcessActivityClocks } from '@microstax/service/activity-clocks';
import { type Clock, systemClock } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import { outageNotice } from '@microstax/service/outage-notice';
import { Redis } from 'ioredis';

export type SharedClocksOptions = {
  readonly url: string;
  readonly org: string;
  readonly log: Log;
  readonly clock?: Pick<Clock, 'now'>;
};

const answerMs = 1_000;
const retryMsMax = 2_000;
const tellMs = 500;

/** Clocks that routers of one organisation share. Settles at once, whether Redis answers or not. */
export function redisActivityClocks({
  url,
  org,
  log,
  clock = systemClock,
}: SharedClocksOptions): ActivityClocks & AsyncDisposable {
  const key = `msx:activity:${org}`;
  const own = inProcessActivityClocks(clock);
  const untold = new Map<string, number>();
  const notice = outageNotice(log, { what: 'Redis', instead: 'clocks of this router alone count' });
  const redis = new Redis(url, {
    connectionName: 'msx-router',
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    enableOfflineQueue: false, // invariant 2
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(retryMsMax, 50 * 2 ** Math.min(times, 10)),
  });
  const tell = async (): Promise<void> => {
    if (untold.size === 0 || redis.status !== 'ready') return;
    const told = [...untold];
    try {
      await redis.zadd(key, 'GT', ...told.flatMap(([env, at]) => [at, env]));
      for (const [env, at] of told) if (untold.get(env) === at) untold.delete(env);
    } catch (error) {
      notice.away(error);
    }
  };
  redis.on('error', (error) => notice.away(error));
  redis.on('ready', () => {
    notice.back();
    void tell();
  });
  const timer = setInterval(() => void tell(), tellMs);
  timer.unref();
  return {
    touch(env) {
      own.touch(env);
      untold.set(env, clock.now());
    },
    async lastActivity(env) {
      const here = await own.lastActivity(env);
      const there = await askFor(redis, key, env).catch((error: unknown) => void notice.away(error));
      if (here === undefined || there === undefined) return here ?? there;
      return Math.max(here, there);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await tell();
      redis.removeAllListeners('error');
      redis.on('error', () => {});
      redis.disconnect();
    },
  };
}

async function askFor(redis: Redis, key: string, env: string): Promise<number | undefined> {
  const score = await redis.zscore(key, env);
  const at = Number(score ?? Number.NaN);
  return Number.isFinite(at) ? at : undefined;
}
