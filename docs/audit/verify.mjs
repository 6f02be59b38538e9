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
  return `${count(n, 'entry', 'entries')} and ${count(new Set(signed.map(({ size }) => size)).size, 'checkpoint', 'checkpoints')} of "${org}"`;
}

/** One entry, a checkpoint that has it, and where the file says so that the log only grew since an earlier checkpoint. */
function verifyProof({ org, entry, checkpoint, inclusion, since }, open, held) {
  const leaf = readEntry(entry, entry.n, org);
  const { n } = entry;
  const { size, root } = open(checkpoint);
  if (!(n >= 1 && n <= size))
    refuse(`Entry ${n} is not covered: the checkpoint is of ${count(size, 'entry', 'entries')}`);
  const { lefts } = wayDown(
    size,
    (lo, hi) => hi - lo === 1,
    (middle) => n > middle,
  );
  if (!climb(leaf, hashesOf(inclusion), lefts)?.equals(root))
    refuse(`Entry ${n} is not proved: its path does not lead to the root of the checkpoint of ${size}`);
  const before = since && open(since.checkpoint);
  if (before && !hasGrown(before, { size, root }, hashesOf(since.consistency)))
    refuse(`The log is not proved to have grown from the checkpoint of ${before.size} to that of ${size}`);
  for (const kept of held.map(open))
    if (![before, { size, root }].some((one) => one?.size === kept.size && one.root.equals(kept.root)))
      refuse(`The checkpoint of ${kept.size} that was kept is not one of those that the file proves`);
  return `entry ${n} of "${org}", in the checkpoint of ${size}${before ? `, which grew from the one of ${before.size}` : ''}`;
}

/** RFC 9162, 2.1.4: the same path leads to both roots; to the older one with its left siblings only. */
function hasGrown(from, to, path) {
  if (from.size < 1 || from.size > to.size) return false;
  const { lo, lefts } = wayDown(
    to.size,
    (_, hi) => hi === from.size,
    (middle) => from.size > middle,
  );
  const [first, ...siblings] = lo === 0 ? [from.root, ...path] : path;
  const older = siblings.filter((_, at) => lefts[at]);
  return (
    climb(first, siblings, lefts)?.equals(to.root) === true &&
    climb(
      first,
      older,
      older.map(() => true),
    )?.equals(from.root) === true
  );
}

/** From the root of a log of so many entries down to some subtree: whether each sibling stands left, the lowest first. */
function wayDown(size, isThere, goesRight) {
  const lefts = [];
  let [lo, hi] = [0, size];
  while (!isThere(lo, hi)) {
    const middle = lo + 2 ** Math.floor(Math.log2(hi - lo - 1));
    lefts.unshift(goesRight(middle));
    if (lefts[0]) lo = middle;
    else hi = middle;
  }
  return { lo, lefts };
}

/** The root that a path leads to; undefined where it is too short or too long. */
function climb(from, path, lefts) {
  if (from === undefined || path.length !== lefts.length) return undefined;
  return path.reduce((below, sibling, at) => (lefts[at] ? nodeOf(sibling, below) : nodeOf(below, sibling)), from);
}

const isHash = (text) => /^[0-9a-f]{64}$/.test(text);
const hashesOf = (path) =>
  path.map((text) => (isHash(text) ? Buffer.from(text, 'hex') : refuse(`A proof holds "${text}", which is no hash`)));

const kinds = { 'microstax-audit-export/v1': verifyExport, 'microstax-audit-proof/v1': verifyProof };

function read([file, ...options]) {
  const given = (name) => options.flatMap((option, at) => (options[at - 1] === name ? [option] : []));
  const text = (path) => readFileSync(path, 'utf8');
  const [keyFile] = given('--key');
  const input = JSON.parse(text(file === '-' ? 0 : file));
  const judge = kinds[input.format];
  if (judge === undefined) throw new Error(`its format "${input.format}" is none of ${Object.keys(kinds).join(', ')}`);
  const key = createPublicKey(keyFile === undefined ? input.publicKey : text(keyFile));
  return { input, judge, key, isGiven: keyFile !== undefined, held: given('--checkpoint').map(text) };
}

function main(args) {
  try {
    const { input, judge, key, isGiven, held } = read(args);
    try {
      const what = judge(input, (note) => readCheckpoint(note, input.origin, key), held);
      console.log(`verified: ${what}; signed by ${input.origin}`);
      if (!isGiven) console.error('The key is the one that the file names: compare it with one that you were given');
      return 0;
    } catch (error) {
      console.error(`refused: ${error instanceof Refused ? '' : 'The file is not whole: '}${error.message}`);
      return 1;
    }
  } catch (error) {
    console.error(`Cannot verify "${args[0]}": ${error.message}`);
    return 2;
  }
}

process.exitCode = main(process.argv.slice(2));
