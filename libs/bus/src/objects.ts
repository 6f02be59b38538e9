import { objectStores } from '@microstax/contracts/topology';
import type { Digest } from '@microstax/model/digest';
import { type ObjectStore, Objm } from '@nats-io/obj';
import type { Connection } from './connection.ts';
import { toBusError } from './nats-errors.ts';

/** Stores bytes under their digest; what is there already is left alone, because equal digests have equal bytes. */
export async function putObject(connection: Connection, digest: Digest, bytes: string): Promise<void> {
  try {
    const store = await openStore(connection);
    const blob = new TextEncoder().encode(bytes);
    const present = await store.info(digest);
    if (present !== null && !present.deleted && present.size === blob.byteLength) return;
    await store.putBlob({ name: digest }, blob);
  } catch (error) {
    throw toBusError(error, `store object ${digest}`);
  }
}

/** The bytes of a digest, undefined where nobody stored them. */
export async function getObject(connection: Connection, digest: Digest): Promise<string | undefined> {
  try {
    const blob = await (await openStore(connection)).getBlob(digest);
    return blob === null ? undefined : new TextDecoder().decode(blob);
  } catch (error) {
    throw toBusError(error, `read object ${digest}`);
  }
}

function openStore(connection: Connection): Promise<ObjectStore> {
  return new Objm(connection.jetstream).open(objectStores.artifacts.name, false);
}
