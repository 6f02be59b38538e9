import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Hash, hashBytes } from './merkle.ts';

/** What a checkpoint says about a log: how many entries it has, and the root of the tree over them. */
export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Hash };

/** A signed note in the format of c2sp.org/signed-note, with the body of c2sp.org/tlog-checkpoint. */
export type SignedNote = string;

const ed25519 = 1; // the signature type of the C2SP format
const keyIdBytes = 4;

/** The log of an organisation; also the name of the key that signs its checkpoints. */
export function auditOrigin(org: string): string {
  return `microstax/${org}`;
}

/** Signs a checkpoint with an Ed25519 private key in PEM, in the name of its origin. */
export function signCheckpoint(checkpoint: Checkpoint, privatePem: string): SignedNote {
  const { origin } = checkpoint;
  const body = bodyOf(checkpoint);
  const privateKey = createPrivateKey(privatePem);
  const signature = sign(null, Buffer.from(body), privateKey);
  const line = Buffer.concat([keyId(origin, rawOf(createPublicKey(privateKey))), signature]).toString('base64');
  return `${body}\n— ${origin} ${line}\n`;
}

/** What a note says, if this key signed it in the name of its origin; undefined where it did not, or it is no checkpoint. */
export function openCheckpoint(note: SignedNote, publicPem: string): Checkpoint | undefined {
  const checkpoint = readCheckpoint(note);
  if (checkpoint === undefined) return undefined;
  const publicKey = createPublicKey(publicPem);
  const { origin } = checkpoint;
  const id = keyId(origin, rawOf(publicKey));
  const body = note.slice(0, note.indexOf('\n\n') + 1);
  const signed = note
    .slice(body.length + 1)
    .split('\n')
    .some((line) => {
      const [dash, name, text = ''] = line.split(' ');
      const bytes = Buffer.from(text, 'base64');
      if (dash !== '—' || name !== origin || !bytes.subarray(0, keyIdBytes).equals(id)) return false;
      return verify(null, Buffer.from(body), publicKey, bytes.subarray(keyIdBytes));
    });
  return signed ? checkpoint : undefined;
}

/** What a note says, whoever signed it; undefined where it is no checkpoint. */
export function readCheckpoint(note: SignedNote): Checkpoint | undefined {
  const [origin = '', size = '', text = ''] = note.split('\n');
  const root = Buffer.from(text, 'base64');
  const checkpoint = { origin, size: Number(size), root: new Uint8Array(root) };
  if (root.length !== hashBytes || !/^(0|[1-9]\d{0,14})$/.test(size)) return undefined;
  return note.startsWith(`${bodyOf(checkpoint)}\n`) ? checkpoint : undefined;
}

/** A key as verifiers of signed notes take it: `<name>+<id>+<base64>`. */
export function verifierKey(origin: string, publicPem: string): string {
  const raw = rawOf(createPublicKey(publicPem));
  return `${origin}+${keyId(origin, raw).toString('hex')}+${Buffer.concat([Buffer.of(ed25519), raw]).toString('base64')}`;
}

function bodyOf({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

function keyId(name: string, raw: Buffer): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.of(ed25519))
    .update(raw)
    .digest()
    .subarray(0, keyIdBytes);
}

function rawOf(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
}
