#!/usr/bin/env node
// Verifies what `msx audit export` and `msx audit prove` print, with nothing but this file, Node and a public key. It
// shares no code with the program that writes the log: RFC 9162 for the tree, c2sp.org/tlog-checkpoint for checkpoints.
//   node verify.mjs <file or -> [--key public.pem] [--checkpoint <a checkpoint that was kept elsewhere>]...
// Exit code 0: as signed. 1: refused, with the first entry that is wrong. 2: there was nothing to verify.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

class Refused extends Error {}
const refuse = (sentence) => {
  throw new Refused(sentence);
};
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafOf = (entry) => sha256(Buffer.of(0), Buffer.from(entry, 'utf8'));
const nodeOf = (left, right) => sha256(Buffer.of(1), left, right);
const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

/** Entry n as it was hashed. A file states the hash too, so that a changed entry is found by its number. */
function readEntry({ n, entry, leafHash }, expected, org) {
  if (n !== expected) refuse(`Entry ${expected} is missing: entry ${n} stands in its place`);
  if (typeof entry !== 'string') refuse(`Entry ${n} cannot be read`);
  const leaf = leafOf(entry);
  if (leaf.toString('hex') !== leafHash)
    refuse(`Entry ${n} was changed: its hash is ${leaf.toString('hex')}, stated is ${leafHash}`);
  const body = JSON.parse(entry);
  if (body.n !== n) refuse(`Entry ${n} is out of place: it was written as entry ${body.n}`);
  if (body.org !== undefined && body.org !== org)
    refuse(`Entry ${n} is not of "${org}": it was written for "${body.org}"`);
  return leaf;
}

/** A checkpoint whose signature holds: Ed25519 over the text before the empty line, in the name of the log. */
function readCheckpoint(note, origin, key) {
  const end = note.indexOf('\n\n') + 1;
  const [name, size, root] = note.slice(0, end).split('\n');
  const what = `The checkpoint ${/^\d+$/.test(size) ? `of ${count(Number(size), 'entry', 'entries')}` : 'with an unreadable size'}`;
  if (name !== origin) refuse(`${what} is of the log "${name}", not of "${origin}"`);
  const raw = Buffer.from(key.export({ format: 'jwk' }).x, 'base64url');
  const id = sha256(`${name}\n`, Buffer.of(1), raw).subarray(0, 4);
  const signed = note
    .slice(end + 1)
    .split('\n')
    .some((line) => {
      const [dash, by, text = ''] = line.split(' ');
      const bytes = Buffer.from(text, 'base64');
      return (
        dash === '—' &&
        by === name &&
        bytes.subarray(0, 4).equals(id) &&
        verify(null, Buffer.from(note.slice(0, end)), key, bytes.subarray(4))
      );
    });
  if (!signed) refuse(`${what} is not signed by the key ${id.toString('hex')} of "${origin}"`);
  return { size: Number(size), root: Buffer.from(root, 'base64') };
}

/** All entries are hashed again, and every checkpoint is compared with the root that the log had at its size. */
function verifyExport({ org, entries, checkpoints }, open, held) {
  const signed = [...checkpoints, ...held].map(open).sort((a, b) => a.size - b.size);
  if (entries.length > 0 && signed.length === 0) refuse('Entry 1 is not covered by any checkpoint: there is none');
  const range = []; // complete subtrees from the left, largest first
  let [next, covered] = [0, 0];
  for (const [index, one] of entries.entries()) {
    range.push(readEntry(one, index + 1, org));
    for (let n = index + 1; n % 2 === 0; n /= 2) range.push(nodeOf(...range.splice(-2)));
    for (; signed[next]?.size === index + 1; next++) {
      const root = range.reduceRight((right, left) => nodeOf(left, right));
      if (!root.equals(signed[next].root))
        refuse(
          `Entries ${covered + 1} to ${index + 1} are not those that the checkpoint of ${index + 1} was signed for; entry ${covered + 1} is the first that may be wrong`,
        );
    }
    if (signed[next - 1]?.size === index + 1) covered = index + 1;
  }
  const n = entries.length;
  if (next < signed.length)
    refuse(`Entry ${n + 1} is missing: a checkpoint of ${signed.at(-1).size} was signed, there are ${n}`);
  if (covered < n) refuse(`Entry ${covered + 1} is not covered by any checkpoint: the newest is of ${covered}`);
  return `${count(n, 'entry', 'entries')} and ${count(signed.length, 'checkpoint', 'checkpoints')} of "${org}"`;
}

/** One entry, a checkpoint that has it, and where the file says so that the log only grew since an earlier checkpoint. */
function verifyProof({ org, entry, checkpoint, inclusion, since }, open, held) {
  const { n } = entry;
  const leaf = readEntry(entry, n, org);
  const { size, root } = open(checkpoint);
  if (!(n >= 1 && n <= size))
    refuse(`Entry ${n} is not covered: the checkpoint is of ${count(size, 'entry', 'entries')}`);
  if (!rootOf(leaf, n - 1, size, bytesOf(inclusion))?.equals(root))
    refuse(`Entry ${n} is not proved: its path does not lead to the root of the checkpoint of ${size}`);
  const before = since && open(since.checkpoint);
  if (before) {
    const [older, newer] =
      before.size <= size ? rootsOf(before.root, before.size, size, bytesOf(since.consistency), true) : [];
    if (!older?.equals(before.root) || !newer?.equals(root))
      refuse(`The log is not proved to have grown from the checkpoint of ${before.size} to that of ${size}`);
  }
  for (const { size: kept, root: keptRoot } of held.map(open)) {
    const shown = [before, { size, root }].find((one) => one?.size === kept);
    if (!shown)
      refuse(
        `The file says nothing about the checkpoint of ${kept} that was kept: prove the entry with --since ${kept}`,
      );
    if (!shown.root.equals(keptRoot)) refuse(`The log was rewritten: two checkpoints of ${kept} are signed and differ`);
  }
  return `entry ${n} of "${org}", in the checkpoint of ${size}${since ? `, which grew from the one of ${before.size}` : ''}`;
}

const bytesOf = (hashes) =>
  hashes.map((hash) =>
    /^[0-9a-f]{64}$/.test(hash) ? Buffer.from(hash, 'hex') : refuse(`A proof holds "${hash}", which is no hash`),
  );
const splitOf = (size) => 2 ** Math.floor(Math.log2(size - 1));

/** The root that a path leads to (RFC 9162, 2.1.3.1 read backwards); undefined where it is too short or too long. */
function rootOf(leaf, index, size, path) {
  if (size === 1) return path.length === 0 ? leaf : undefined;
  const [middle, sibling] = [splitOf(size), path.at(-1)];
  const below =
    index < middle
      ? rootOf(leaf, index, middle, path.slice(0, -1))
      : rootOf(leaf, index - middle, size - middle, path.slice(0, -1));
  if (below === undefined || sibling === undefined) return undefined;
  return index < middle ? nodeOf(below, sibling) : nodeOf(sibling, below);
}

/** The roots of the older and of the newer log that a path leads to (RFC 9162, 2.1.4.1 read backwards). */
function rootsOf(known, from, to, path, isWhole) {
  if (from === to) return path.length === (isWhole ? 0 : 1) ? Array(2).fill(isWhole ? known : path[0]) : [];
  const [middle, sibling] = [splitOf(to), path.at(-1)];
  const isLeft = from <= middle;
  const [older, newer] = isLeft
    ? rootsOf(known, from, middle, path.slice(0, -1), isWhole)
    : rootsOf(known, from - middle, to - middle, path.slice(0, -1), false);
  if (older === undefined || sibling === undefined) return [];
  return isLeft ? [older, nodeOf(newer, sibling)] : [nodeOf(sibling, older), nodeOf(sibling, newer)];
}

const kinds = { 'microstax-audit-export/v1': verifyExport, 'microstax-audit-proof/v1': verifyProof };

function main([file, ...options]) {
  const given = (name) => options.flatMap((option, at) => (options[at - 1] === name ? [option] : []));
  const keyFile = given('--key')[0];
  let input;
  let key;
  try {
    input = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
    key = createPublicKey(keyFile === undefined ? input.publicKey : readFileSync(keyFile, 'utf8'));
    if (kinds[input.format] === undefined)
      throw new Error(`its format "${input.format}" is none of ${Object.keys(kinds).join(', ')}`);
  } catch (error) {
    console.error(
      `Cannot verify "${file}": ${error.message}\nusage: node verify.mjs <file or -> [--key public.pem] [--checkpoint file]...`,
    );
    return 2;
  }
  try {
    const held = given('--checkpoint').map((path) => readFileSync(path, 'utf8'));
    const what = kinds[input.format](input, (note) => readCheckpoint(note, input.origin, key), held);
    console.log(`verified: ${what}; signed by ${input.origin}`);
    if (keyFile === undefined)
      console.error(
        `The key is the one that the file itself names: compare it with one that you were given, or pass --key`,
      );
    return 0;
  } catch (error) {
    console.error(`refused: ${error instanceof Refused ? error.message : `The file is not whole: ${error.message}`}`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
