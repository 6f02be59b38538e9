import { objectStores } from '@microstax/contracts/topology';
import type { Digest } from '@microstax/model/digest';
import type { StoredMsg } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import type { Connection } from './connection.ts';
import { toBusError } from './nats-errors.ts';

const { name: store } = objectStores.artifacts;
const stream = `OBJ_${store}`;
/** Nearly every artifact is one chunk; the client takes less where the server does. */
const chunkBytes = 1024 * 1024;

/** Stores bytes under their digest; what is there already is left alone, because equal digests have equal bytes. */
export async function putObject(connection: Connection, digest: Digest, bytes: string): Promise<void> {
  try {
    const blob = Buffer.from(bytes);
    const present = await findMeta(connection, digest);
    if (present !== undefined && present.size === blob.byteLength) return;
    const objects = await new Objm(connection.jetstream).open(store, false);
    await objects.putBlob({ name: digest, options: { max_chunk_size: chunkBytes } }, blob);
  } catch (error) {
    throw toBusError(error, `store object ${digest}`);
  }
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
  const name = Buffer.from(digest).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  const message = await read(connection, { last_by_subj: `$O.${store}.M.${name}` });
  const meta = message?.json<Meta>();
  return meta === undefined || meta.deleted === true ? undefined : meta;
}

// Read directly: the client's own way makes a consumer for each object, which outlives the reading by seconds, and a
// server takes only so many.
async function readChunks(connection: Connection, { nuid, chunks }: Meta): Promise<string | undefined> {
  const read: Uint8Array[] = [];
  for (let after = 0; read.length < chunks; ) {
    const chunk = await readNext(connection, `$O.${store}.C.${nuid}`, after);
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
