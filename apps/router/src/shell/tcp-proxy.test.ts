import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { eventually } from '@microstax/testkit/eventually';
import { describe, expect, test } from 'vitest';
import { connected } from '../testing/calls.ts';
import { aFreePort, startTcpInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

describe('a TCP connection through the router', () => {
  test('passes bytes both ways, and each end on its own', async () => {
    await using db = await startTcpInstance(async (socket) => {
      const asked = await text(socket); // until the client has ended its side
      socket.end(`answer to ${asked}`);
    });
    await using router = aRouter();
    router.put(shopAt([db.port]));
    const client = await connected(await router.listen('shop', 'web', 'tcp'));
    client.end('question');
    expect(await text(client)).toBe('answer to question');
    await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 0);
  });

  test('hears a target that speaks first and ends first', async () => {
    await using db = await startTcpInstance((socket) => {
      socket.end('hello');
      socket.resume();
    });
    await using router = aRouter();
    router.put(shopAt([db.port]));
    const client = await connected(await router.listen('shop', 'web', 'tcp'));
    expect(await text(client)).toBe('hello');
    client.end('bye');
    await once(client, 'close');
  });

  test('loses no byte of a large answer to a slow reader', async () => {
    const sent = Buffer.alloc(12_000_000, 'x');
    await using db = await startTcpInstance((socket) => socket.resume().end(sent));
    await using router = aRouter();
    router.put(shopAt([db.port]));
    const client = await connected(await router.listen('shop', 'web', 'tcp'));
    client.end();
    await eventually(() => client.readableLength > 0);
    let length = 0;
    for await (const chunk of client) {
      length += chunk.length;
      if (length % 5 === 0) await new Promise(setImmediate);
    }
    expect(length).toBe(sent.length);
  });

  test('loses no byte of a large question to a slow target', async () => {
    const sent = Buffer.alloc(10_000_000, 'x');
    await using db = await startTcpInstance(async (socket) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.end(String((await buffer(socket)).length));
    });
    await using router = aRouter();
    router.put(shopAt([db.port]));
    const client = await connected(await router.listen('shop', 'web', 'tcp'));
    client.end(sent);
    expect(await text(client)).toBe(String(sent.length));
  });

  test('ends at the target where a client that had said all leaves before it has heard all', async () => {
    await using db = await startTcpInstance((socket) => {
      const more = (): void => {
        while (socket.writable && socket.write('x'.repeat(10_000)));
      };
      socket.resume().once('end', more).on('drain', more);
    });
    await using router = aRouter();
    router.put(shopAt([db.port]));
    const client = await connected(await router.listen('shop', 'web', 'tcp'));
    client.end('question');
    await eventually(() => client.readableLength > 0);
    client.resetAndDestroy();
    await eventually(() => router.routing.inFlight.open('shop', ['web-0']) === 0 && db.connections() === 0);
  });

  test('knows no context', async () => {
    await using base = await startTcpInstance((socket) => socket.end('base'));
    await using changed = await startTcpInstance((socket) => socket.end('changed'));
    await using router = aRouter();
    router.put(shopAt([base.port]));
    router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [changed.port] } }));
    for (const [env, answer] of [
      ['shop', 'base'],
      ['team', 'changed'],
    ] as const) {
      const client = await connected(await router.listen(env, 'web', 'tcp'));
      client.end('baggage: msx-env=team');
      expect(await text(client)).toBe(answer);
    }
  });

  test('is in flight until it ends, which either side may break', async () => {
    await using db = await startTcpInstance((socket) => socket.write('up'));
    await using router = aRouter();
    router.put(shopAt([db.port]));
    const port = await router.listen('shop', 'web', 'tcp');
    const inFlight = (): number => router.routing.inFlight.open('shop', ['web-0']);

    const breaking = await connected(port);
    await once(breaking, 'data');
    expect(inFlight()).toBe(1);
    breaking.resetAndDestroy();
    await eventually(() => inFlight() === 0 && db.connections() === 0);

    const broken = await connected(port);
    await once(broken, 'data');
    db.endAll();
    await once(broken, 'end');
    broken.end();
    await eventually(() => inFlight() === 0);
  });

  test('is reset where nobody takes it, and where nobody may', async () => {
    await using router = aRouter();
    router.put(shopAt([await aFreePort()]));
    const port = await router.listen('shop', 'web', 'tcp');
    await expect(connected(port).then(text)).rejects.toThrow('ECONNRESET');
    router.put(shopAt([], { generation: 2 }));
    await expect(connected(port).then(text)).rejects.toThrow('ECONNRESET');
  });

  test('finds the target that the table names meanwhile', async () => {
    await using db = await startTcpInstance((socket) => socket.end('here'));
    await using router = aRouter();
    router.put(shopAt([await aFreePort()]));
    const port = await router.listen('shop', 'web', 'tcp');
    const forget = router.routing.inFlight.changes.add(() => {
      forget();
      router.put(shopAt([db.port], { generation: 2 }));
    });
    const client = await connected(port);
    client.end();
    expect(await text(client)).toBe('here');
  });
});

describe('a TCP connection whose target has moved', () => {
  test('goes on for a while, then ends', async () => {
    await using base = await startTcpInstance((socket) => socket.pipe(socket));
    await using router = aRouter({ lingerMs: 100 });
    router.put(shopAt([base.port]));
    router.put(aTable('team', { root: 'shop' }));
    const client = await connected(await router.listen('team', 'web', 'tcp'));
    const closed = closing(client);
    client.write('1');
    await once(client, 'data');
    router.put(aTable('team', { root: 'shop', generation: 2, records: { web: 'team' }, running: { web: [1] } }));
    client.write('2');
    expect(String((await once(client, 'data'))[0])).toBe('2');
    await closed;
    await eventually(() => base.connections() === 0);
  });

  test('stays where the table comes back in time', async () => {
    await using base = await startTcpInstance((socket) => socket.pipe(socket));
    await using router = aRouter({ lingerMs: 100 });
    router.put(shopAt([base.port]));
    const client = await connected(await router.listen('shop', 'web', 'tcp'));
    client.write('1');
    await once(client, 'data');
    router.put({ ...shopAt([base.port], { generation: 2 }), endpoints: [] });
    router.put(shopAt([base.port], { generation: 3 }));
    // A second connection, whose target does move, tells when the time is over.
    await using gone = await startTcpInstance((socket) => socket.pipe(socket));
    router.put(aTable('other', { records: { web: 'other' }, running: { web: [gone.port] } }));
    const witness = await connected(await router.listen('other', 'web', 'tcp'));
    const closed = closing(witness);
    witness.write('1');
    await once(witness, 'data');
    router.put(aTable('other', { generation: 2 }));
    await closed;
    client.write('2');
    expect(String((await once(client, 'data'))[0])).toBe('2');
    client.destroy();
  });
});

/** Settles when the socket has closed, also after a reset. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('error', () => undefined).once('close', () => resolve()));
}
