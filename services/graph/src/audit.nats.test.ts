import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type AuditEntryText,
  type AuditExportReply,
  auditConsistency,
  auditExport,
  auditProof,
} from '@microstax/contracts/audit-requests';
import { canonicalJson } from '@microstax/model/canonical-json';
import { openCheckpoint } from '@microstax/model/checkpoint';
import { hashOfHex, hexOf, leafHashOf } from '@microstax/model/merkle';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyConsistency, verifyInclusion } from './core/merkle.ts';
import { GraphBench } from './testing/graph-bench.ts';
import { verifyAudit } from './testing/verify-audit.ts';

const shop = (env: string) => aRevision(env, { services: [aService('web')] });
type Page = Extract<AuditExportReply, { kind: 'page' }>;

async function exportOf(bench: GraphBench, limit = 4) {
  const pages: Page[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: AuditExportReply = await bench.bus.request(auditExport, org, { after, limit });
    if (page.kind !== 'page') throw new Error(page.reason);
    pages.push(page);
    after = page.next;
  }
  const entries = pages.flatMap((page) => page.entries);
  const checkpoints = pages.flatMap((page) => page.checkpoints);
  return { format: 'microstax-audit-export/v1', ...(pages[0] as Page).log, entries, checkpoints };
}
type Export = Awaited<ReturnType<typeof exportOf>>;

async function proofOf(bench: GraphBench, n: number, since?: number) {
  const proof = await bench.bus.request(auditProof, org, { n });
  if (proof.kind !== 'proof') throw new Error(proof.reason);
  const grown = await bench.bus.request(auditConsistency, org, { from: since ?? proof.size, to: proof.size });
  if (grown.kind !== 'consistency') throw new Error(grown.reason);
  const { log, entry, checkpoint, inclusion, size } = proof;
  const file = {
    format: 'microstax-audit-proof/v1',
    ...log,
    entry,
    checkpoint,
    inclusion,
    since: { checkpoint: grown.from, consistency: grown.consistency },
  };
  return { file, size, grown };
}

const folderOf = (bench: GraphBench) => join(bench.folder, 'audit');
const checkpointFiles = (bench: GraphBench): number[] => {
  const folder = join(folderOf(bench), 'checkpoints', org);
  return existsSync(folder)
    ? readdirSync(folder)
        .map(Number)
        .sort((a, b) => a - b)
    : [];
};

describe('the audit log of a graph', () => {
  let bench: GraphBench;
  let whole: Export;
  let key: string;
  beforeAll(async () => {
    bench = await GraphBench.start({}, { checkpointMs: 600_000 });
    await bench.apply(shop('first')); // revised, claimed, ready
    await proofOf(bench, 3); // a proof has a checkpoint made at once
    await bench.apply(shop('second'));
    await bench.answerTo(await bench.command('ghost', 'stop'), 'refused');
    await bench.answerTo(await bench.accept(shop('second')), 'unchanged');
    whole = await exportOf(bench);
    key = readFileSync(join(folderOf(bench), 'key.pub.pem'), 'utf8');
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  test('has who, with which proof, did what to what, when and because of which submission, and nothing else', () => {
    const entries = whole.entries.map(({ entry }) => JSON.parse(entry) as Record<string, unknown>);
    expect(entries.map(({ verb, subject }) => `${verb} ${subject}`)).toEqual([
      'revised first@1',
      'claimed first@1',
      'ready first@1',
      'revised second@1',
      'claimed second@1',
      'ready second@1',
      'refused ghost',
      'unchanged second',
    ]);
    for (const [index, entry] of entries.entries()) {
      expect(Object.keys(entry).sort()).toEqual(['actor', 'at', 'digest', 'n', 'org', 'subject', 'submission', 'verb']);
      expect(entry).toMatchObject({ n: index + 1, org, actor: { name: 'local', proof: 'loopback' } });
      expect(entry.submission).toMatch(/^[sc]-\d+$/);
      expect(whole.entries[index]?.entry).toBe(canonicalJson(entry));
    }
  });

  test('is signed with a key that is made at the first start, for its owner alone', () => {
    expect(statSync(join(folderOf(bench), 'key.pem')).mode & 0o777).toBe(0o600);
    expect(whole.publicKey).toBe(key);
    expect(checkpointFiles(bench)).toEqual([3, 8]);
    for (const size of checkpointFiles(bench)) {
      const note = readFileSync(join(folderOf(bench), 'checkpoints', org, String(size)), 'utf8');
      expect(openCheckpoint(note, key)).toMatchObject({ origin: 'microstax/default', size });
      expect(whole.checkpoints).toContain(note);
    }
  });

  test('is exported the same in pages of any size', async () => {
    for (const limit of [1, 3, 8, 500]) expect(await exportOf(bench, limit), `limit ${limit}`).toEqual(whole);
  });

  test('proves every entry in the newest checkpoint, and in an earlier one by its size', async () => {
    for (const { n, leafHash } of whole.entries) {
      const proof = await bench.bus.request(auditProof, org, { n, ...(n <= 3 ? { size: 3 } : {}) });
      if (proof.kind !== 'proof') throw new Error(proof.reason);
      const { size, root } = openCheckpoint(proof.checkpoint, key) ?? { size: 0, root: hashOfHex(leafHash) };
      expect(size).toBe(n <= 3 ? 3 : 8);
      const claim = { leaf: leafHashOf(proof.entry.entry), index: n - 1, size, root };
      expect(verifyInclusion(claim, proof.inclusion.map(hashOfHex))).toBe(true);
    }
  });

  test('proves that a later checkpoint only added to an earlier one', async () => {
    const { grown } = await proofOf(bench, 1, 3);
    const [from, to] = [openCheckpoint(grown.from, key), openCheckpoint(grown.to, key)];
    const claim = { from: 3, to: 8, fromRoot: from?.root as Uint8Array, toRoot: to?.root as Uint8Array };
    expect(verifyConsistency(claim, grown.consistency.map(hashOfHex))).toBe(true);
  });

  test.each([
    ['an entry that is not there', { n: 99 }, 'The audit log of "default" has no entry 99: it has 8'],
    ['an entry that cannot be', { n: 0.5 }, 'The audit log of "default" has no entry 0.5: it has 8'],
    ['a later entry', { n: 8, size: 3 }, 'The checkpoint of 3 entries does not cover entry 8; ask without a size'],
    [
      'a checkpoint that is not there',
      { n: 1, size: 2 },
      'The audit log of "default" has no checkpoint of 2 entries; the next one is of 3, the newest is of 8',
    ],
  ])('answers a question for %s with what there is', async (_, request, reason) => {
    expect(await bench.bus.request(auditProof, org, request)).toEqual({ kind: 'not found', reason });
  });

  test('of an organisation that nobody knows is empty, and leaves nothing behind', async () => {
    expect(await bench.bus.request(auditProof, 'nobody', { n: 1 })).toMatchObject({ kind: 'not found' });
    expect(await bench.bus.request(auditExport, 'nobody', {})).toMatchObject({
      entries: [],
      checkpoints: [],
      next: null,
    });
    expect(readdirSync(join(folderOf(bench), 'checkpoints'))).toEqual([org]);
  });

  describe('verified by an outsider', () => {
    const held = () => readFileSync(join(folderOf(bench), 'checkpoints', org, '3'), 'utf8');
    const entryAt = (index: number): AuditEntryText => must(whole.entries[index], 'an entry of the export');
    const withEntry = (index: number, entry: AuditEntryText) => ({ entries: whole.entries.with(index, entry) });
    const withCheckpoint = (change: (note: string) => string) => ({
      checkpoints: whole.checkpoints.with(0, change(must(whole.checkpoints[0], 'a checkpoint of the export'))),
    });
    const flip = (text: string, at: number): string =>
      text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
    /** An entry with another text and the hash that belongs to it: what somebody does who knows the format. */
    const rewritten = (entry: AuditEntryText, change: object) => {
      const text = canonicalJson({ ...JSON.parse(entry.entry), ...change });
      return { ...entry, entry: text, leafHash: hexOf(leafHashOf(text)) };
    };

    test('is as it was signed, with the key and with a checkpoint that was kept elsewhere', () => {
      const verdict = verifyAudit(whole, { key, held: [held()] });
      expect(verdict).toEqual({ code: 0, err: '', out: expect.any(String) });
      expect(verdict.out).toMatch(
        /^verified: 8 entries and 2 checkpoints of "default"; signed by microstax\/default\n$/,
      );
    });

    test('says so where the only key is the one that the file names', () => {
      expect(verifyAudit(whole)).toMatchObject({
        code: 0,
        err: expect.stringContaining('compare it with one that you were given'),
      });
    });

    test.each<[string, () => object, RegExp]>([
      [
        'one bit of an entry',
        () => withEntry(4, { ...entryAt(4), entry: flip(entryAt(4).entry, 20) }),
        /^Entry 5 was changed: its hash is [0-9a-f]{64}, stated is/,
      ],
      [
        'one digit of a hash',
        () => withEntry(6, { ...entryAt(6), leafHash: flip(entryAt(6).leafHash, 3) }),
        /^Entry 7 was changed/,
      ],
      [
        'the actor of an entry, with its hash',
        () => withEntry(1, rewritten(entryAt(1), { actor: null })),
        /^Entries 1 to 3 are not those that the checkpoint of 3 was signed for; entry 1 is the first that may be wrong$/,
      ],
      [
        'a later entry, with its hash',
        () => withEntry(5, rewritten(entryAt(5), { at: 1 })),
        /^Entries 4 to 8 are not those that the checkpoint of 8 was signed for; entry 4 is the first that may be wrong$/,
      ],
      [
        'the order of two entries',
        () => ({ entries: whole.entries.with(2, entryAt(3)).with(3, entryAt(2)) }),
        /^Entry 3 is missing: entry 4 stands in its place$/,
      ],
      [
        'the order, with numbers made to fit',
        () => ({ entries: whole.entries.with(2, { ...entryAt(3), n: 3 }).with(3, { ...entryAt(2), n: 4 }) }),
        /^Entry 3 is out of place: it was written as entry 4$/,
      ],
      [
        'an entry taken out',
        () => ({ entries: whole.entries.toSpliced(3, 1) }),
        /^Entry 4 is missing: entry 5 stands in its place$/,
      ],
      [
        'the end cut off',
        () => ({ entries: whole.entries.slice(0, 6) }),
        /^Entry 7 is missing: a checkpoint of 8 was signed, there are 6$/,
      ],
      [
        'an entry added',
        () => ({ entries: [...whole.entries, rewritten({ ...entryAt(7), n: 9 }, { n: 9 })] }),
        /^Entry 9 is not covered by any checkpoint: the newest is of 8$/,
      ],
      [
        'an entry of another organisation',
        () => ({ org: 'other' }),
        /^Entry 1 is not of "other": it was written for "default"$/,
      ],
      [
        'the size of a checkpoint',
        () => withCheckpoint((note) => note.replace('\n3\n', '\n4\n')),
        /^The checkpoint of 4 entries is not signed by the key [0-9a-f]{8} of "microstax\/default"$/,
      ],
      [
        'one bit of a root',
        () => withCheckpoint((note) => flip(note, 25)),
        /^The checkpoint of 3 entries is not signed by the key/,
      ],
      [
        'one bit of a signature',
        () => withCheckpoint((note) => flip(note, 120)),
        /^The checkpoint of 3 entries is not signed by the key/,
      ],
      [
        'the name of the log',
        () => ({ origin: 'microstax/other' }),
        /^The checkpoint of 3 entries is of the log "microstax\/default", not of "microstax\/other"$/,
      ],
      [
        'all checkpoints taken out',
        () => ({ checkpoints: [] }),
        /^Entry 1 is not covered by any checkpoint: there is none$/,
      ],
      ['no entries at all', () => ({ entries: undefined }), /^The file is not whole: /],
    ])('refuses %s', (_, change, sentence) => {
      const { code, out, err } = verifyAudit({ ...whole, ...change() }, { key });
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err.replace(/^refused: /, '').trim()).toMatch(sentence);
    });

    test('refuses a log that was cut and whose checkpoints were cut with it, by one that was kept elsewhere', async () => {
      const shorter = {
        ...whole,
        entries: whole.entries.slice(0, 3),
        checkpoints: whole.checkpoints.slice(0, 1),
      };
      const newest = readFileSync(join(folderOf(bench), 'checkpoints', org, '8'), 'utf8');
      expect(verifyAudit(shorter, { key })).toMatchObject({ code: 0 });
      expect(verifyAudit(shorter, { key, held: [newest] })).toMatchObject({
        code: 1,
        err: 'refused: Entry 4 is missing: a checkpoint of 8 was signed, there are 3\n',
      });
    });

    test('refuses what another key signed, and cannot begin with what is no export', async () => {
      await using other = await GraphBench.start();
      await other.apply(shop('first'));
      const foreign = await exportOf(other);
      expect(verifyAudit(foreign)).toMatchObject({ code: 0 });
      expect(verifyAudit(foreign, { key }).err).toMatch(
        /^refused: The checkpoint of \d entr(y|ies) is not signed by the key/,
      );
      expect(verifyAudit('{}', { key })).toMatchObject({
        code: 2,
        err: expect.stringContaining('its format "undefined" is none of'),
      });
      expect(verifyAudit(whole, { key: 'no key' })).toMatchObject({ code: 2 });
    });

    test('proves one entry and that the log grew; refuses any other entry, path and checkpoint', async () => {
      const { file } = await proofOf(bench, 5, 3);
      expect(verifyAudit(file, { key, held: [held()] })).toEqual({
        code: 0,
        err: '',
        out: 'verified: entry 5 of "default", in the checkpoint of 8, which grew from the one of 3; signed by microstax/default\n',
      });
      const { inclusion, since } = file;
      const bit = (hash = '') => `${hash.slice(0, 10)}${hash[10] === '0' ? '1' : '0'}${hash.slice(11)}`;
      const forged: [object, RegExp][] = [
        [{ entry: { ...file.entry, entry: flip(file.entry.entry, 20) } }, /Entry 5 was changed/],
        [
          { entry: rewritten(file.entry, { verb: 'ready' }) },
          /Entry 5 is not proved: its path does not lead to the root of the checkpoint of 8/,
        ],
        [{ entry: { ...file.entry, n: 6 } }, /Entry 6 is out of place: it was written as entry 5/],
        [{ entry: whole.entries[5] }, /Entry 6 is not proved/],
        [{ inclusion: inclusion.slice(1) }, /Entry 5 is not proved/],
        [{ inclusion: [...inclusion, inclusion[0]] }, /Entry 5 is not proved/],
        [{ inclusion: inclusion.with(1, bit(inclusion[1])) }, /Entry 5 is not proved/],
        [{ inclusion: ['..'] }, /A proof holds "\.\.", which is no hash/],
        [{ checkpoint: flip(file.checkpoint, 25) }, /The checkpoint of 8 entries is not signed/],
        [{ checkpoint: since.checkpoint }, /Entry 5 is not covered: the checkpoint is of 3 entries/],
        [
          { since: { ...since, consistency: since.consistency.slice(1) } },
          /The log is not proved to have grown from the checkpoint of 3 to that of 8/,
        ],
        [
          { since: { ...since, consistency: since.consistency.with(0, bit(since.consistency[0])) } },
          /not proved to have grown/,
        ],
      ];
      for (const [change, sentence] of forged) {
        const { code, err } = verifyAudit({ ...file, ...change }, { key });
        expect(err).toMatch(sentence);
        expect(code).toBe(1);
      }
    });
  });
});

test('256 entries have a checkpoint at once, however long the pace is', async () => {
  await using bench = await GraphBench.start({}, { checkpointMs: 600_000 });
  const ids = await Promise.all(Array.from({ length: 260 }, () => bench.command('ghost', 'stop')));
  await eventually(() => checkpointFiles(bench).some((size) => size >= 256) || undefined, { timeoutMs: 30_000 });
  expect(ids).toHaveLength(260);
});

test('a graph that ends in order leaves no entry without a checkpoint, and goes on from it', async () => {
  await using bench = await GraphBench.start({}, { checkpointMs: 600_000 });
  await bench.apply(shop('first'));
  await bench.stopGraph();
  expect(checkpointFiles(bench).at(-1)).toBe(3);

  await bench.startGraph();
  await bench.apply(shop('second'));
  const whole = await exportOf(bench);
  expect(whole.entries).toHaveLength(6);
  expect(verifyAudit(whole)).toMatchObject({ code: 0 });
});

/** What somebody does who can write to the database, hash and all. */
function rewrite(bench: GraphBench, n: number, change: object): void {
  using db = new DatabaseSync(bench.config().databasePath);
  const read = db.prepare("SELECT body FROM log_rows WHERE log = 'audit' AND org = ? AND n = ?").get(org, n) as {
    body: string;
  };
  const text = canonicalJson({ ...JSON.parse(read.body), ...change });
  db.prepare("UPDATE log_rows SET body = ?, leaf_hash = ? WHERE log = 'audit' AND org = ? AND n = ?").run(
    text,
    hexOf(leafHashOf(text)),
    org,
    n,
  );
}

test('what was added has a checkpoint after the pace, and nothing more is signed while nothing is added', async () => {
  await using bench = await GraphBench.start({}, { checkpointMs: 50 });
  await bench.apply(shop('first'));
  await eventually(() => checkpointFiles(bench).at(-1) === 3 || undefined);
  const { checkpoints } = await exportOf(bench);
  expect(checkpoints).toHaveLength(checkpointFiles(bench).length);
});

test('an entry that is rewritten in the database stops all signing, and an outsider is told which it may be', async () => {
  await using bench = await GraphBench.start({}, { checkpointMs: 600_000 });
  await bench.apply(shop('first'));
  await bench.stopGraph();
  rewrite(bench, 2, { actor: { name: 'somebody-else', proof: 'subject' } });

  await bench.startGraph();
  const reason =
    'The audit log of "default" is not what was signed: entries 1 to 3 are not those that the checkpoint of 3 entries was signed for';
  expect(await bench.bus.request(auditProof, org, { n: 1 })).toEqual({ kind: 'altered', reason });
  await bench.apply(shop('second')); // work goes on
  expect(await bench.bus.request(auditConsistency, org, { from: 3 })).toEqual({ kind: 'altered', reason });
  expect(checkpointFiles(bench).at(-1)).toBe(3);
  const { code, err } = verifyAudit(await exportOf(bench));
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(
      /^refused: Entries 1 to 3 are not those that the checkpoint of 3 was signed for; entry 1 is the first that may be wrong/,
    ),
  });
});

test('a database that is put back to an earlier state is noticed by the checkpoints beside it', async () => {
  await using bench = await GraphBench.start();
  const { databasePath } = bench.config();
  await bench.apply(shop('first'));
  await bench.stopGraph();
  copyFileSync(databasePath, `${databasePath}.old`);
  await bench.startGraph();
  await bench.apply(shop('second'));
  await bench.stopGraph();
  copyFileSync(`${databasePath}.old`, databasePath);

  await bench.startGraph();
  await bench.answerTo(await bench.command('ghost', 'stop'), 'refused');

  const held = readFileSync(join(folderOf(bench), 'checkpoints', org, '6'), 'utf8');
  await eventually(async () => (await bench.bus.request(auditProof, org, { n: 1 })).kind === 'altered' || undefined);
  expect(checkpointFiles(bench).at(-1)).toBe(6);
  expect(verifyAudit(await exportOf(bench), { held: [held] })).toMatchObject({ code: 1 });
});
