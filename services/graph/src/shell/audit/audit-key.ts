import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '@microstax/service/env';

export type AuditKey = { readonly privatePem: string; readonly publicPem: string };

/**
 * Reads the Ed25519 key that checkpoints are signed with; makes one where there is none, for this user's eyes only. Its
 * public half is written beside it, to be handed out. Throws `ConfigError` where the file is no such key.
 */
export function openAuditKey(path: string): AuditKey {
  const privatePem = readOrMake(path);
  const publicPem = publicOf(path, privatePem);
  const publicPath = `${path.replace(/\.pem$/, '')}.pub.pem`;
  if (readIfThere(publicPath) !== publicPem) writeFileSync(publicPath, publicPem, { mode: 0o644 });
  return { privatePem, publicPem };
}

function readOrMake(path: string): string {
  const there = readIfThere(path);
  if (there !== undefined) return there;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  try {
    writeFileSync(path, pem, { mode: 0o600, flag: 'wx', flush: true });
    return pem;
  } catch (error) {
    // Two that start at once have one key: the first one's.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readFileSync(path, 'utf8');
    throw error;
  }
}

function publicOf(path: string, privatePem: string): string {
  const privateKey = parse(privatePem);
  if (privateKey?.asymmetricKeyType !== 'ed25519')
    throw new ConfigError(
      `Cannot read the audit key "${path}": an Ed25519 private key in PEM is wanted; name another file in MSX_AUDIT_KEY, and a key is made where there is none`,
    );
  return createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString();
}

function parse(pem: string): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined; // what OpenSSL says about it helps nobody
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
