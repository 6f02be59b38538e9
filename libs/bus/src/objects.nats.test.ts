import { objectStores } from '@microstax/contracts/topology';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { must } from '@microstax/model/must';
import { jetstream } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBus } from './testing/test-bus.ts';

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

const large = (text: string): Artifact => sealArtifact('plan', { text: text.repeat(1_500_000) });

/** The store as a client of the server's makers sees it: it compares the checksum of what it reads. */
async function theirStore() {
  const connection = await connect({ servers: opened.server.url });
  const store = await new Objm(jetstream(connection)).open(objectStores.artifacts.name, false);
  return { store, [Symbol.asyncDispose]: () => connection.close() };
}

test('an object that is written here is read by any client of object stores', async () => {
  const { digest, bytes } = large('ä');
  await opened.graph.putObject(digest, bytes);

  await using theirs = await theirStore();
  const read = must(await theirs.store.getBlob(digest), 'the object is there');

  expect(Buffer.from(read).toString('utf8') === bytes).toBe(true);
  expect(await theirs.store.info(digest)).toMatchObject({ name: digest, size: Buffer.byteLength(bytes), chunks: 3 });
});

test('an object that is there already is left alone', async () => {
  const { digest, bytes } = large('b');
  await opened.graph.putObject(digest, bytes);
  await using theirs = await theirStore();
  const before = must(await theirs.store.info(digest), 'the object is there');

  await opened.graph.putObject(digest, bytes);

  expect(await theirs.store.info(digest)).toMatchObject({ nuid: before.nuid });
});

test('an object of another size under the digest is replaced, and its chunks go', async () => {
  const { digest, bytes } = large('c');
  await using theirs = await theirStore();
  await theirs.store.putBlob({ name: digest }, new Uint8Array(2_000_000));
  const before = must(await theirs.store.status(), 'the store is there').size;

  await opened.graph.putObject(digest, bytes);

  expect((await opened.graph.getObject(digest)) === bytes).toBe(true);
  expect((await theirs.store.status()).size).toBeLessThan(before);
});
