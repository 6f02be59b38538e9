#!/usr/bin/env node
// Verifies what `msx audit export` and `msx audit prove` print, with nothing but this file, Node and a public key. It
// shares no code with the program that writes the log: RFC 9162 for the tree, c2sp.org/tlog-checkpoint for checkpoints.
//   node verify.mjs <file or -> [--key public.pem] [--checkpoint <a checkpoint that was kept elsewhere>]...
// Exit code 0: as signed. 1: refused, with the first entry that is wrong. 2: there was nothing to verify.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const nodeOf = (left, right) => sha256(Buffer.of(1), left, right);
const counted = (n) => `${n} ${n === 1 ? 'entry' : 'entries'}`;

function check(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

/** Hashes entry n. A file states the hash too, so that a changed entry is found by its number. */
function leafOf({ n, entry, leafHash }, expected, org) {
  check(n === expected, `Entry ${expected} is missing: entry ${n} stands in its place`);
  const [leaf, body] = [sha256(Buffer.of(0), entry), JSON.parse(entry)];
  const found = leaf.toString('hex');
  check(found === leafHash, `Entry ${n} was changed: its hash is ${found}, stated is ${leafHash}`);
  check(body.n === n, `Entry ${n} is out of place: it was written as entry ${body.n}`);
  check((body.org ?? org) === org, `Entry ${n} is not of "${org}": it was written for "${body.org}"`);
  return leaf;
}

/** A checkpoint whose signature holds: Ed25519 over the text before the empty line, in the name of the log. */

function checkpointOf(note, origin, key) {
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const [name, size, root] = text.split('\n');
  const what = `The checkpoint of ${counted(Number(size))}`;
  check(name === origin, `${what} is of the log "${name}", not of "${origin}"`);
  const raw = Buffer.from(key.export({ format: 'jwk' }).x, 'base64url');
  const id = sha256(`${name}\n`, Buffer.of(1), raw).subarray(0, 4);
  const isSignature = (line) => {
    const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    const isOurs = line.startsWith(`— ${name} `) && bytes.subarray(0, 4).equals(id);
    return isOurs && verify(null, Buffer.from(text), key, bytes.subarray(4));
  };
  const lines = note.slice(text.length + 1).split('\n');
  const isSigned = /^\d+$/.test(size) && lines.some(isSignature);
  check(isSigned, `${what} is not signed by the key ${id.toString('hex')} of "${origin}"`);
  return { size: Number(size), root: Buffer.from(root, 'base64') };
}

/** All entries are hashed again, and every checkpoint is compared with the root that the log had at its size. */
function verifyExport({ org, entries, checkpoints }, open, held) {
  const signed = [...checkpoints, ...held].map(open).sort((a, b) => a.size - b.size);
  const [all, last, sizes] = [entries.length, signed.at(-1)?.size, new Set(signed.map(({ size }) => size)).size];
  check(all === 0 || signed.length > 0, 'Entry 1 is not covered by any checkpoint: there is none');
  const range = []; // the roots of complete subtrees from the left, largest first
  let [next, covered] = [0, 0];
  for (let n = 1; n <= all; n++) {
    range.push(leafOf(entries[n - 1], n, org));
    for (let size = n; size % 2 === 0; size /= 2) range.push(nodeOf(...range.splice(-2)));
    const wrong = `Entries ${covered + 1} to ${n} are not those that the checkpoint of ${n} was signed for`;
    for (const first = covered + 1; signed[next]?.size === n; next++, covered = n) {
      const root = range.reduceRight((right, left) => nodeOf(left, right));
      check(root.equals(signed[next].root), `${wrong}; entry ${first} is the first that may be wrong`);
    }
  }
  check(next === signed.length, `Entry ${all + 1} is missing: a checkpoint of ${last} was signed, there are ${all}`);
  check(covered === all, `Entry ${covered + 1} is not covered by any checkpoint: the newest is of ${covered}`);
  return `${counted(all)} and ${sizes} checkpoint${sizes === 1 ? '' : 's'} of "${org}"`;
}

/** One entry, a checkpoint that has it, and where the file says so that the log only grew since an earlier checkpoint. */
function verifyProof({ org, entry, checkpoint, inclusion, since }, open, held) {
  const [n, leaf, now, old] = [entry.n, leafOf(entry, entry.n, org), open(checkpoint), since && open(since.checkpoint)];
  check(n >= 1 && n <= now.size, `Entry ${n} is not covered: the checkpoint is of ${counted(now.size)}`);
  const unproved = `Entry ${n} is not proved: its path does not lead to the root of the checkpoint of ${now.size}`;
  check(rootsOf(inclusion, n, now.size, leaf, true)[1]?.equals(now.root), unproved);
  const [was, is] = old ? rootsOf(since.consistency, old.size, now.size, old.root, false) : [];
  const shrunk = `The log is not proved to have grown from the checkpoint of ${old?.size} to that of ${now.size}`;
  check(!old || (was?.equals(old.root) && is.equals(now.root)), shrunk);
  for (const kept of held.map(open)) {
    const isProved = [old, now].some((one) => one?.size === kept.size && one.root.equals(kept.root));
    check(isProved, `The checkpoint of ${kept.size} that was kept is not one of those that the file proves`);
  }
  return `entry ${n} of "${org}", in the checkpoint of ${now.size}${old ? `, which grew from the one of ${old.size}` : ''}`;
}

/** RFC 9162, 2.1.3 and 2.1.4: the roots over n and over all entries that a path leads to, from entry n or from all n. */
function rootsOf(path, n, size, start, isEntry) {
  for (const text of path) check(/^[0-9a-f]{64}$/.test(text), `A proof holds "${text}", which is no hash`);
  const pop = () => Buffer.from(path.pop() ?? '', 'hex'); // a path that is too short leads nowhere
  const below = (last, all, isLeft) => {
    if (all === (isEntry ? 1 : last)) return Array(2).fill(isEntry || isLeft ? start : pop());
    const [half, sibling] = [2 ** Math.floor(Math.log2(all - 1)), pop()]; // the left subtree is of half, and full
    if (last > half) return below(last - half, all - half, false).map((root) => nodeOf(sibling, root));
    const [was, is] = below(last, half, isLeft);
    return [was, nodeOf(is, sibling)];
  };
  const roots = n >= 1 && n <= size ? below(n, size, true) : [];
  return path.length === 0 ? roots : [];
}

let [code, doing] = [2, `Cannot verify "${process.argv[2]}"`];
try {
  const options = { key: { type: 'string' }, checkpoint: { type: 'string', multiple: true, default: [] } };
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  const [text, judges] = [(path) => readFileSync(path, 'utf8'), [verifyExport, verifyProof]];
  const formats = ['microstax-audit-export/v1', 'microstax-audit-proof/v1'];
  const file = JSON.parse(text(positionals[0] === '-' ? 0 : positionals[0]));
  check(formats.includes(file.format), `its format "${file.format}" is none of ${formats.join(', ')}`);
  const [key, held] = [createPublicKey(values.key ? text(values.key) : file.publicKey), values.checkpoint.map(text)];
  [code, doing] = [1, 'refused'];
  const open = (note) => checkpointOf(note, file.origin, key);
  console.log(`verified: ${judges[formats.indexOf(file.format)](file, open, held)}; signed by ${file.origin}`);
  code = 0;
  if (!values.key) console.error('The key is the one that the file names: compare it with one that you were given');
} catch (error) {
  const isOurs = code === 2 || error.constructor === Error;
  console.error(`${doing}: ${isOurs ? '' : 'The file is not whole: '}${error.message}`);
}

process.exitCode = code;
