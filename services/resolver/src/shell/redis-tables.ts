// Owns: the hash `msx:tables` in Redis, a field `<org>.<env>` for each table.
// Does not own: which table is the newest (RouteIndex), nor what there is (the bus).
//
// 1. Nothing waits for Redis but `load`, and that no longer than a second.
// 2. What could not be written while it was away is written whole when it is back.
import type { RecordTable } from '@microstax/model/route-index';
import type { Log } from '@microstax/service/log';
import { outageNotice } from '@microstax/service/outage-notice';
import { Redis } from 'ioredis';
import type { SharedTable, SharedTables } from './shared-tables.ts';

const key = 'msx:tables';
const answerMs = 1_000;
const retryMsMax = 2_000;

/** Tables shared by Redis. Settles at once, whether Redis answers or not. */
export function redisTables(url: string, log: Log): SharedTables {
  const redis = new Redis(url, {
    connectionName: 'msx-resolver',
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    enableOfflineQueue: false, // what is not said now is made good by invariant 2
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(retryMsMax, 50 * 2 ** Math.min(times, 10)),
  });
  const notice = outageNotice(log, { what: 'Redis', instead: 'tables are read from the bus alone' });
  let all: (() => readonly SharedTable[]) | undefined;
  const done = (doing: Promise<unknown>): void => void doing.catch((error: unknown) => notice.away(error));
  redis.on('error', (error) => notice.away(error));
  redis.on('ready', () => {
    notice.back();
    if (all !== undefined) done(rewrite(redis, all()));
  });
  return {
    async load() {
      try {
        await ready(redis);
        return Object.entries(await redis.hgetall(key)).flatMap(([field, text]) => readTable(field, text));
      } catch (error) {
        notice.away(error);
        return [];
      }
    },
    keep: (org, table) => done(redis.hset(key, fieldOf(org, table.env), JSON.stringify(table))),
    forget: (org, env) => done(redis.hdel(key, fieldOf(org, env))),
    follow(present) {
      all = present;
      if (redis.status === 'ready') done(rewrite(redis, present()));
    },
    async [Symbol.asyncDispose]() {
      redis.removeAllListeners('error');
      redis.on('error', () => {});
      redis.disconnect();
    },
  };
}

/** Others may write a newer table meanwhile, and do so after they have read it from the bus as this one will. */
async function rewrite(redis: Redis, tables: readonly SharedTable[]): Promise<void> {
  const present = new Map(tables.map(({ org, table }) => [fieldOf(org, table.env), JSON.stringify(table)]));
  const gone = (await redis.hkeys(key)).filter((field) => !present.has(field));
  if (gone.length > 0) await redis.hdel(key, ...gone);
  if (present.size > 0) await redis.hset(key, present);
}

function ready(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error('no answer within a second')), answerMs);
    const onReady = (): void => end();
    const end = (error?: Error): void => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('error', end);
      if (error === undefined) resolve();
      else reject(error);
    };
    redis.once('ready', onReady);
    redis.once('error', end);
  });
}

/** What somebody else wrote there is none of ours. */
function readTable(field: string, text: string): SharedTable[] {
  const [org, env] = field.split('.');
  if (org === undefined || env === undefined) return [];
  try {
    const table = JSON.parse(text) as RecordTable;
    return table.env === env && Array.isArray(table.records) ? [{ org, table }] : [];
  } catch {
    return [];
  }
}

function fieldOf(org: string, env: string): string {
  return `${org}.${env}`;
}
