import { createHash } from 'node:crypto';
import { objectStores } from '@microstax/contracts/topology';
import type { Digest } from '@microstax/model/digest';
import type { StoredMsg } from '@nats-io/jetstream';
import { headers, nuid } from '@nats-io/nats-core';
import type { Connection } from './connection.ts';
import { toBusError } from './nats-errors.ts';

const { name: store } = objectStores.artifacts;
const stream = `OBJ_${store}`;
/** Nearly every artifact is one chunk. */
const chunkBytes = 1024 * 1024;

/** Stores bytes under their digest; what is there already is left alone, because equal digests have equal bytes. */
export async function putObject(connection: Connection, digest: Digest, bytes: string): Promise<void> {
  try {
    const blob = Buffer.from(bytes);
    const present = await findMeta(connection, digest);
    if (present !== undefined && present.size === blob.byteLength) return;
    await write(connection, digest, blob);
    if (present !== undefined) await purgeChunks(connection, present.nuid);
  } catch (error) {
    throw toBusError(error, `store object ${digest}`);
  }
}

// Written directly: the client's own way computes its checksum in JavaScript, which takes longer than all the rest.
async function write(connection: Connection, digest: Digest, blob: Buffer): Promise<void> {
  const id = nuid.next();
  const chunks: Buffer[] = [];
  for (let at = 0; at < blob.byteLength; at += chunkBytes) chunks.push(blob.subarray(at, at + chunkBytes));
  try {
    // On one connection they arrive in the order they are sent in.
    await Promise.all(chunks.map((chunk) => connection.jetstream.publish(chunkSubject(id), chunk)));
    const meta = {
      name: digest,
      bucket: store,
      nuid: id,
      size: blob.byteLength,
      chunks: chunks.length,
      mtime: new Date().toISOString(),
      digest: `SHA-256=${paddedBase64Url(createHash('sha256').update(blob).digest('base64'))}`,
      options: { max_chunk_size: chunkBytes },
      deleted: false,
    };
    const replaces = headers();
    replaces.set('Nats-Rollup', 'sub');
    await connection.jetstream.publish(metaSubject(digest), JSON.stringify(meta), { headers: replaces });
  } catch (error) {
    await purgeChunks(connection, id).catch(() => undefined); // nobody can read them without their meta
    throw error;
  }
}

async function purgeChunks({ manager }: Connection, id: string): Promise<void> {
  await manager.streams.purge(stream, { filter: chunkSubject(id) });
}

function chunkSubject(id: string): string {
  return `$O.${store}.C.${id}`;
}

function metaSubject(digest: Digest): string {
  return `$O.${store}.M.${paddedBase64Url(Buffer.from(digest).toString('base64'))}`;
}

function paddedBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

/** The bytes of a digest, undefined where nobody stored them. Who opens it compares the digest. */
export async function getObject(connection: Connection, digest: Digest): Promise<string | undefined> {
  try {
    for (let meta = await findMeta(connection, digest); meta !== undefined; ) {
      const bytes = await readChunks(connection, meta);
      if (bytes !== undefined) return bytes;
      // Stored once more meanwhile, which took the first one's chunks away: the same bytes are under another name now.
      const again = await findMeta(connection, digest);
      meta = again?.nuid === meta.nuid ? undefined : again;
    }
    return undefined;
  } catch (error) {
    throw toBusError(error, `read object ${digest}`);
  }
}

/** What the object store format says of an object; other fields mean nothing to us. */
type Meta = { readonly nuid: string; readonly size: number; readonly chunks: number; readonly deleted?: boolean };

async function findMeta(connection: Connection, digest: Digest): Promise<Meta | undefined> {
  const message = await read(connection, { last_by_subj: metaSubject(digest) });
  const meta = message?.json<Meta>();
  return meta === undefined || meta.deleted === true ? undefined : meta;
}

// Read directly: the client's own way makes a consumer for each object, which outlives the reading by seconds, and a
// server takes only so many.
async function readChunks(connection: Connection, { nuid: id, chunks }: Meta): Promise<string | undefined> {
  const read: Uint8Array[] = [];
  for (let after = 0; read.length < chunks; ) {
    const chunk = await readNext(connection, chunkSubject(id), after);
    if (chunk === undefined) return undefined;
    read.push(chunk.data);
    after = chunk.seq;
  }
  return Buffer.concat(read).toString('utf8');
}

function readNext(connection: Connection, subject: string, after: number): Promise<StoredMsg | undefined> {
  return read(connection, { seq: after + 1, next_by_subj: subject });
}

type Query = { readonly last_by_subj: string } | { readonly seq: number; readonly next_by_subj: string };

async function read({ manager }: Connection, query: Query): Promise<StoredMsg | undefined> {
  return (await manager.direct.getMessage(stream, query as never)) ?? undefined;
}
