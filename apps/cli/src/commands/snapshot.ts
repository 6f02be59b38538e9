import { checkSnapshot, type SnapshotItem, snapshotsOf, takeSnapshot } from '@microstax/contracts/data-requests';
import { shortDigest } from '@microstax/model/digest';
import { isToken } from '@microstax/model/names';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf } from '../flags.ts';
import { ago, type Column, printListing, printObject, table } from '../output.ts';
import { ask, openSession, type Session } from '../session.ts';

const takeTimeoutMs = 900_000; // a large database is dumped and read once more

/** `msx snapshot create <env>`, `list [env]`, `show <env>/<name>`. */
export async function snapshotCommand(verb: string, name: string | undefined, flags: Flags): Promise<void> {
  switch (verb) {
    case 'create':
      return create(name, flags);
    case 'list':
      return list(name, flags);
    case 'show':
      return show(name, flags);
    default:
      throw usage(`Cannot ${verb} a snapshot: allowed are create, list and show`);
  }
}

async function create(env: string | undefined, flags: Flags): Promise<void> {
  if (env === undefined || !isToken(env))
    throw usage(`Cannot take a snapshot of ${JSON.stringify(env ?? '')}: name an environment`);
  const format = outputOf(flags);
  const services = Array.isArray(flags.services)
    ? (flags.services as string[]).flatMap((text) => text.split(','))
    : undefined;
  const name = typeof flags.name === 'string' ? flags.name : undefined;
  await using session = await openSession(orgOf(flags));
  const reply = await ask(session, takeSnapshot, { env, services, name }, takeTimeoutMs);
  if (reply.kind === 'refused')
    throw new CliError({
      code: reply.code,
      message: reply.reason.startsWith('Cannot') ? reply.reason : `Cannot take a snapshot of "${env}": ${reply.reason}`,
      ...(reply.next === undefined ? {} : { next: reply.next }),
      exitCode: reply.code === 'not-serving' ? exitCodes.notFound : exitCodes.notAllowed,
    });
  const { snapshot } = reply;
  process.stdout.write(
    printObject(
      format,
      snapshot,
      () => `snapshot/${nameOf(snapshot)} taken: ${sizeOf(snapshot)}, ${consistencyOf(snapshot)}\n`,
      `snapshot/${nameOf(snapshot)}`,
    ),
  );
}

async function list(env: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  await using session = await openSession(orgOf(flags));
  const { items } = await ask(session, snapshotsOf, { env });
  process.stdout.write(
    printListing(format, { items, columns: columnsAt(Date.now()), name: (item) => `snapshot/${nameOf(item)}` }),
  );
}

/** With what its checksums say now; exit code 1 where it is damaged. */
async function show(text: string | undefined, flags: Flags): Promise<void> {
  const [env = '', name = '', more] = (text ?? '').split('/');
  if (!isToken(env) || !isToken(name) || more !== undefined)
    throw usage(`Cannot show snapshot ${JSON.stringify(text ?? '')}: expected <env>/<name>`);
  const format = outputOf(flags);
  await using session = await openSession(orgOf(flags));
  const item = await find(session, env, name);
  const stored = await ask(session, checkSnapshot, { env, name }, takeTimeoutMs);
  process.stdout.write(printObject(format, { ...item, stored }, () => drawn(item, stored), `snapshot/${env}/${name}`));
  if (stored.kind === 'damaged') process.exitCode = exitCodes.failed;
}

async function find(session: Session, env: string, name: string): Promise<SnapshotItem> {
  const { items } = await ask(session, snapshotsOf, { env });
  const found = items.find((item) => item.name === name);
  if (found !== undefined) return found;
  const known = items.map(nameOf).join(', ');
  throw new CliError({
    code: 'not-found',
    message: `There is no snapshot ${env}/${name}; known: ${known || 'none'}`,
    next: 'msx snapshot list',
    exitCode: exitCodes.notFound,
  });
}

function columnsAt(now: number): readonly Column<SnapshotItem>[] {
  return [
    { head: 'SNAPSHOT', of: nameOf },
    { head: 'SERVICES', of: ({ services }) => services.map(({ service }) => service).join(',') },
    { head: 'GENERATION', of: ({ generation }) => generation },
    { head: 'BYTES', of: ({ services }) => services.reduce((sum, { bytes }) => sum + bytes, 0) },
    { head: 'AGE', of: ({ takenAt }) => ago(takenAt, now) },
    { head: 'CONSISTENCY', of: consistencyOf, wide: true },
    { head: 'DIGEST', of: ({ digest }) => shortDigest(digest), wide: true },
  ];
}

function drawn(item: SnapshotItem, stored: { readonly kind: string; readonly reason?: string }): string {
  const { generation, revision, plan, digest, takenAt, services } = item;
  const lines = [
    `snapshot     ${nameOf(item)}`,
    `stored       ${stored.kind}${stored.reason === undefined ? '' : `: ${stored.reason}`}`,
    `digest       ${digest}`,
    `taken        ${new Date(takenAt).toISOString()}`,
    `generation   ${generation}, revision ${shortDigest(revision)}, plan ${shortDigest(plan)}`,
    `consistency  ${consistencyOf(item)}`,
  ];
  const rows = services.map(({ service, engine, fileCount, bytes, specDigest, parent }) => [
    service,
    engine,
    String(fileCount),
    String(bytes),
    shortDigest(specDigest),
    parent?.snapshot ?? '-',
  ]);
  return `${lines.join('\n')}\n\n${table(['SERVICE', 'ENGINE', 'FILES', 'BYTES', 'SPEC', 'RESTORED FROM'], rows)}`;
}

function nameOf({ env, name }: SnapshotItem): string {
  return `${env}/${name}`;
}

function sizeOf({ services }: SnapshotItem): string {
  const bytes = services.reduce((sum, part) => sum + part.bytes, 0);
  return `${services.map(({ service }) => service).join(', ')} (${bytes} bytes)`;
}

function consistencyOf({ consistency }: SnapshotItem): string {
  switch (consistency.kind) {
    case 'one':
      return 'one service, consistent in itself';
    case 'at rest':
      return 'nothing ran';
    case 'quiesced':
      return `of one moment, paused in this order: ${consistency.order.join(', ')}`;
  }
}

function usage(message: string): CliError {
  return new CliError({ code: 'usage', message, next: 'msx snapshot --help', exitCode: exitCodes.usage });
}
