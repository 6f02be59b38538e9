import type { Bucket, BucketEntry } from '@microstax/bus/bus';
import type { ConfirmReply, ConfirmRequest } from '@microstax/contracts/router-requests';
import type { RouteTable } from '@microstax/model/route-table';
import { describe, expect, test } from 'vitest';
import { call } from '../testing/calls.ts';
import { aFreePort, startInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';
import { routerEndpoints } from './answer-requests.ts';
import { followRoutes } from './follow-routes.ts';

type Watching = Parameters<Bucket['watch']>[0];

/** A bucket that says what the test says. */
function aBucket(present: (key: string) => number | undefined = () => undefined) {
  const watching = Promise.withResolvers<Watching>();
  const bucket = {
    watch: async (options: Watching) => {
      watching.resolve(options);
      return { [Symbol.asyncDispose]: async () => {} };
    },
    get: async (key: string): Promise<BucketEntry<unknown> | undefined> => {
      const revision = present(key);
      return revision === undefined ? undefined : { key, value: {}, revision };
    },
  } as unknown as Bucket;
  const say = async (env: string, value: RouteTable | undefined, revision: number): Promise<void> =>
    (await watching.promise).onEntry({ key: `default.${env}`, value, revision });
  return { bucket, say, current: async () => (await watching.promise).onCurrent?.() };
}

describe('followRoutes()', () => {
  test('listens once all keys are read, with the protocol that a parent’s record says', async () => {
    await using web = await startInstance('web');
    await using router = aRouter();
    const { bucket, say, current } = aBucket();
    const following = followRoutes({ ...router, routes: bucket, org: 'default' });
    const listenPort = await aFreePort();
    const listeners = [{ service: 'web', port: 'http', host: '127.0.0.1', listenPort }];
    await say('team', aTable('team', { root: 'shop', listeners }), 1);
    await expect(call(listenPort)).rejects.toThrow('ECONNREFUSED');
    await say('shop', shopAt([web.port]), 2);
    await expect(call(listenPort)).rejects.toThrow('ECONNREFUSED');
    await current();
    await following;
    expect((await call(listenPort)).headers['x-msx-target']).toBe('shop/web');
  });
});

describe('confirm', () => {
  const confirm = async (present: number, held: number, revision: number): Promise<ConfirmReply> => {
    await using router = aRouter();
    const { bucket } = aBucket((key) => (key === 'default.shop' ? present : undefined));
    router.routing.tables.put(shopAt([]), held);
    const endpoints = routerEndpoints({ ...router, routes: bucket, org: 'default' });
    const endpoint = endpoints.find(({ contract }) => contract.op === 'confirm');
    const request: ConfirmRequest = { org: 'default', env: 'shop', revision, timeoutMs: 5 };
    return (await endpoint?.handle(request as never, { org: 'default' })) as ConfirmReply;
  };

  test('holds for the revision that was asked for, and for a newer one', async () => {
    expect(await confirm(7, 7, 7)).toEqual({ confirmed: true, revision: 7 });
    expect(await confirm(9, 9, 7)).toEqual({ confirmed: true, revision: 9 });
  });

  test('does not hold for an older one, nor for one that a former bus counted', async () => {
    expect(await confirm(7, 6, 7)).toEqual({ confirmed: false, revision: 6 });
    expect(await confirm(3, 57, 3)).toEqual({ confirmed: false, revision: 0 });
  });
});
