import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { silentLog } from '@microstax/service/log';
import { eventually } from '@microstax/testkit/eventually';
import { describe, expect, test } from 'vitest';
import { call, connected } from '../testing/calls.ts';
import { aFreePort, startInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { Listeners } from './listeners.ts';
import { createRouting } from './routing.ts';

const wants = (service: string, preferredPort: number | null = null) =>
  ({ service, port: 'http', protocol: 'http', preferredPort }) as const;
const names = (service: string, listenPort: number) =>
  ({ service, port: 'http', host: '127.0.0.1', listenPort, protocol: 'http' }) as const;
const isOpen = (port: number): Promise<boolean> =>
  connected(port).then(
    (socket) => socket.destroy().destroyed,
    () => false,
  );

describe('scope()', () => {
  test('is answered alike when asked twice, also at once', async () => {
    await using router = aRouter();
    const asked = { env: 'shop', wanted: [wants('web'), wants('api')], keep: [] };
    const [first, second] = await Promise.all([router.listeners.scope(asked), router.listeners.scope(asked)]);
    expect(first.map(({ service }) => service)).toEqual(['web', 'api']);
    expect(second).toEqual(first);
    expect(await router.listeners.scope(asked)).toEqual(first);
  });

  test('takes the kept port before the preferred one, and any where both are taken', async () => {
    await using router = aRouter();
    const [kept, preferred] = [await aFreePort(), await aFreePort()];
    const keep = [{ service: 'web', port: 'http', host: '127.0.0.1', listenPort: kept }];
    const wanted = [wants('web', preferred)];
    const portOf = async (env: string, keeps: typeof keep): Promise<number | undefined> =>
      (await router.listeners.scope({ env, wanted, keep: keeps }))[0]?.listenPort;
    expect(await portOf('one', keep)).toBe(kept);
    expect(await portOf('two', keep)).toBe(preferred);
    expect([kept, preferred, 0, undefined]).not.toContain(await portOf('three', keep));
  });

  test('lets go of what an earlier scope asked for and no table ever named', async () => {
    await using router = aRouter({ lingerMs: 10 });
    const port = await router.listen('shop', 'web');
    await router.listen('shop', 'api');
    await eventually(async () => !(await isOpen(port)));
  });
});

describe('follow()', () => {
  test('opens what a table names at its port, and leaves it there', async () => {
    await using router = aRouter();
    const port = await aFreePort();
    await router.listeners.follow('shop', [names('web', port)]);
    await router.listeners.follow('shop', [names('web', port)]);
    expect(await router.listen('shop', 'web')).toBe(port);
  });

  test('takes another port where its own is a stranger’s, and says so', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port: taken } = stranger.address() as { port: number };
    const warned: unknown[] = [];
    const log = {
      ...silentLog,
      info: () => {},
      warn: (fields: unknown) => void warned.push(fields),
    } as typeof silentLog;
    await using listeners = new Listeners(createRouting({ log, limits: { lingerMs: 10 } }));
    await listeners.follow('shop', [names('web', taken)]);
    const [record] = await listeners.scope({ env: 'shop', wanted: [wants('web')], keep: [] });
    expect(record?.listenPort).not.toBe(taken);
    expect(warned).toEqual([
      { env: 'shop', service: 'web', port: 'http', keptPort: taken, listenPort: record?.listenPort },
    ]);
    await new Promise((resolve) => stranger.close(resolve));
  });

  test('moves back to the port that the table names once a stranger lets go of it', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port: taken } = stranger.address() as { port: number };
    await using router = aRouter();
    await router.listeners.follow('shop', [names('web', taken)]);
    await new Promise((resolve) => stranger.close(resolve));
    await eventually(() => isOpen(taken));
  });

  test('stays where a scope was answered with another port, though its old one is free again', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port: taken } = stranger.address() as { port: number };
    await using router = aRouter();
    await router.listeners.follow('shop', [names('web', taken), names('api', taken)]);
    const port = await router.listen('shop', 'web');
    await new Promise((resolve) => stranger.close(resolve));
    await eventually(() => isOpen(taken)); // the other one, which no scope asked for
    expect(await router.listen('shop', 'web')).toBe(port);
    expect(await isOpen(port)).toBe(true);
  });

  test('closes late what a newer table does not name', async () => {
    await using router = aRouter({ lingerMs: 100 });
    const port = await router.listen('shop', 'web');
    await router.listeners.follow('shop', [names('web', port)]);
    await router.listeners.follow('shop', []);
    expect(await isOpen(port)).toBe(true);
    await eventually(async () => !(await isOpen(port)));
  });

  test('keeps what a scope asked for until a table names it, however long that takes', async () => {
    await using router = aRouter({ lingerMs: 10 });
    const before = await router.listen('shop', 'web');
    await router.listeners.follow('shop', [names('web', before)]);
    const wanted = [wants('web'), wants('api')];
    const [web, api] = await router.listeners.scope({ env: 'shop', wanted, keep: [] });
    // The owner stamps its epoch on the table that stands; the routes come much later.
    await router.listeners.follow('shop', [names('web', before)]);
    // Another listener, which nobody wants, tells when the time is over.
    const witness = await router.listen('other', 'web');
    await router.listeners.forget('other');
    await eventually(async () => !(await isOpen(witness)));
    expect(web?.listenPort).toBe(before);
    expect(await isOpen(api?.listenPort ?? 0)).toBe(true);
    await router.listeners.follow('shop', [names('web', before), names('api', api?.listenPort ?? 0)]);
    await router.listeners.follow('shop', [names('web', before)]);
    await eventually(async () => !(await isOpen(api?.listenPort ?? 0)));
  });

  test('does not close what a scope asks for again in time', async () => {
    await using router = aRouter({ lingerMs: 50 });
    const port = await router.listen('shop', 'web');
    await router.listeners.follow('shop', [names('web', port)]);
    await router.listeners.follow('shop', []);
    expect(await router.listen('shop', 'web')).toBe(port);
    const witness = await router.listen('other', 'web');
    await router.listeners.forget('other');
    await eventually(async () => !(await isOpen(witness)));
    expect(await isOpen(port)).toBe(true);
  });

  test('changes the protocol of a listener and keeps its port', async () => {
    await using web = await startInstance('web');
    await using router = aRouter();
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web', 'tcp');
    using agent = oneSocket();
    expect((await call(port, { agent })).headers).not.toHaveProperty('x-msx-target');
    await router.listeners.follow('shop', [names('web', port)]);
    expect((await call(port)).headers).toHaveProperty('x-msx-target');
    expect(await router.listen('shop', 'web')).toBe(port);
  });
});

describe('connections of clients', () => {
  test('outlive changes of the table', async () => {
    await using one = await startInstance('one');
    await using two = await startInstance('two');
    await using router = aRouter();
    router.put(shopAt([one.port]));
    const port = await router.listen('shop', 'web');
    using agent = oneSocket();
    const sockets = new Set<unknown>();
    agent.on('free', (socket) => sockets.add(socket));
    const served: unknown[] = [];
    for (let generation = 2; generation < 6; generation++) {
      served.push((await call(port, { agent })).headers['x-served-by']);
      router.put(shopAt([generation % 2 === 0 ? two.port : one.port], { generation }));
    }
    expect(served).toEqual(['one', 'two', 'one', 'two']);
    expect(sockets.size).toBe(1);
  });

  test('end after their answer where the listener has closed', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await using web = await startInstance('web', async (incoming, outgoing) => {
      if (incoming.url === '/slow') await gate;
      outgoing.end('answered');
    });
    await using router = aRouter({ lingerMs: 10 });
    router.put(shopAt([web.port]));
    const port = await router.listen('shop', 'web');
    using agent = oneSocket();
    const slow = call(port, { path: '/slow', agent });
    await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 1);
    await router.listeners.forget('shop');
    await eventually(async () => !(await isOpen(port)));
    open();
    const { body, headers } = await slow;
    expect([body, headers.connection]).toEqual(['answered', 'close']);
    await expect(call(port, { agent })).rejects.toThrow('ECONNREFUSED');
  });

  test('are answered before the router ends', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await using web = await startInstance('web', async (_, outgoing) => {
      await gate;
      outgoing.end('answered');
    });
    const router = aRouter();
    router.put(shopAt([web.port]));
    const slow = call(await router.listen('shop', 'web'));
    await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 1);
    const ended = router[Symbol.asyncDispose]();
    open();
    expect((await slow).body).toBe('answered');
    await ended;
  });
});

function oneSocket(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}
