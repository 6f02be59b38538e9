import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type AuditProof, readAuditExport, readAuditLogName, readAuditProof } from '../audit-export.ts';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { countOf, type Flags, orgOf, outputOf } from '../flags.ts';
import { type Column, printListing, printObject } from '../output.ts';
import { openSession, type Session } from '../session.ts';

/** `msx audit list | prove N | verify | export | key`. */
export async function auditCommand(verb: string, n: string | undefined, flags: Flags): Promise<void> {
  if (!isVerb(verb))
    throw usage(`Cannot ${JSON.stringify(verb)} the audit log: allowed are ${Object.keys(verbs).join(', ')}`);
  if ((n !== undefined) !== (verb === 'prove'))
    throw usage(n === undefined ? 'Cannot prove an entry without its number' : `Cannot ${verb} one entry of the log`);
  // A file is verified without anything running.
  if (verb === 'verify' && typeof flags.file === 'string') return verify(flags.file, undefined, flags);
  await using session = await openSession(orgOf(flags));
  await verbs[verb](session, flags, n);
}

const verbs = {
  list,
  prove,
  verify: async (session: Session, flags: Flags) => verify('-', JSON.stringify(await readAuditExport(session)), flags),
  export: async (session: Session) => {
    process.stdout.write(`${JSON.stringify(await readAuditExport(session), null, 1)}\n`);
  },
  key,
} satisfies Readonly<Record<string, (session: Session, flags: Flags, n: string | undefined) => Promise<void>>>;

function isVerb(verb: string): verb is keyof typeof verbs {
  return Object.hasOwn(verbs, verb);
}

type Entry = {
  readonly n: number;
  readonly at: number;
  readonly actor: { readonly name: string; readonly proof: string } | null;
  readonly verb: string;
  readonly subject: string;
  readonly submission?: string | null;
  readonly digest: string | null;
};

const columns: readonly Column<Entry>[] = [
  { head: 'N', of: ({ n }) => n },
  { head: 'TIME', of: ({ at }) => new Date(at).toISOString() },
  { head: 'ACTOR', of: ({ actor }) => actor?.name },
  { head: 'PROOF', of: ({ actor }) => actor?.proof },
  { head: 'VERB', of: ({ verb }) => verb },
  { head: 'SUBJECT', of: ({ subject }) => subject },
  { head: 'SUBMISSION', of: ({ submission }) => submission, wide: true },
  { head: 'DIGEST', of: ({ digest }) => digest, wide: true },
];

async function list(session: Session, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const { entries } = await readAuditExport(session);
  const items = entries.map(({ entry }) => JSON.parse(entry) as Entry);
  process.stdout.write(printListing(format, { items, columns, name: (item) => `audit/${item.n}` }));
}

async function prove(session: Session, flags: Flags, n: string | undefined): Promise<void> {
  const format = outputOf(flags);
  const [size, since] = [countOf('--size', flags.size), countOf('--since', flags.since)];
  const proof = await readAuditProof(session, { n: countOf('the entry', n) ?? 0, size, since });
  process.stdout.write(printObject(format, proof, humanProof, `audit/${proof.entry.n}`));
}

function humanProof({ entry, checkpoint, inclusion, since }: AuditProof): string {
  const hashes = inclusion.length === 1 ? '1 hash' : `${inclusion.length} hashes`;
  const grown = since === undefined ? '' : `\nand the log only grew since\n\n${since.checkpoint}`;
  return `entry ${entry.n}  ${entry.entry}\n  hash   ${entry.leafHash}\n  path   ${hashes}\n\nis in\n\n${checkpoint}${grown}\nto hand it out: msx audit prove ${entry.n} -o json\n`;
}

async function key(session: Session, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const { origin, publicKey, verifierKey } = await readAuditLogName(session);
  if (format === 'table' || format === 'wide') process.stderr.write(`${verifierKey}\n`);
  process.stdout.write(printObject(format, { origin, publicKey, verifierKey }, () => publicKey, verifierKey));
}

const verifier = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'audit', 'verify.mjs');

/** Lets the program judge that outsiders have: it shares no code with what wrote the log, nor with this one. */
function verify(file: string, input: string | undefined, flags: Flags): void {
  const format = outputOf(flags);
  const held = Array.isArray(flags.checkpoint) ? (flags.checkpoint as string[]) : [];
  const argv = [
    verifier,
    file,
    ...(typeof flags.key === 'string' ? ['--key', flags.key] : []),
    ...held.flatMap((path) => ['--checkpoint', path]),
  ];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, argv, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== exitCodes.ok)
    throw new CliError({
      code: status === exitCodes.failed ? 'refused' : 'not-verified',
      message: (stderr.split('\n')[0] ?? '').replace(/^refused: /, ''),
      next:
        status === exitCodes.failed ? 'keep the export and the checkpoints; read docs/audit.md' : 'msx audit --help',
      exitCode: status === exitCodes.failed ? exitCodes.failed : exitCodes.usage,
    });
  process.stderr.write(stderr);
  const verdict = stdout.trim();
  process.stdout.write(printObject(format, { verified: true, verdict }, () => stdout, verdict));
}

function usage(message: string): CliError {
  return new CliError({
    code: 'usage',
    message,
    next: 'msx audit list, msx audit prove <n>, msx audit verify, msx audit export, msx audit key',
    exitCode: exitCodes.usage,
  });
}
