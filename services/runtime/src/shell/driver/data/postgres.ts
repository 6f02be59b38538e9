// Owns: what is said to a PostgreSQL server that runs as a service.
// 1. Everything between BEGIN and COMMIT, and COMMIT is written last: where anything ends before, nothing has happened.
// 2. What a server says of an error may hold values: only its first line is repeated, without what it quotes at the end.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { InstanceRecord } from '@microstax/model/journal';
import type { Sanitising } from '@microstax/model/revision';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { type Clock, systemClock } from '@microstax/service/clock';
import { type Column, classifyColumns, type Rules, sanitisedWords } from '../../../core/data/classify-columns.ts';
import { DumpScanner, sanitiseRow } from '../../../core/data/postgres-dump.ts';
import type { Keyed } from '../../../core/data/sanitise-value.ts';
import { secretValue } from '../secret-files.ts';
import type { HostEnvironment } from '../start-process.ts';
import { DataRefusal } from './data-folder.ts';
import { runTool, toolOnPath, writeTo } from './tool.ts';

/** How the server of a service is reached; the words of the usual images say who and where. */
export type Postgres = {
  readonly host: HostEnvironment;
  /** PGHOST, PGPORT, PGUSER, PGDATABASE and PGPASSWORD. */
  readonly environment: Readonly<Record<string, string>>;
  readonly service: string;
};

export const dumpFile = 'dump.sql';
/** Ours, in a database of somebody else's: which steps of seeds were done. */
const ownSchema = 'microstax';
const answersMs = 20_000;
const answersPollMs = 100;

/** Reads user, database and password from the variables that the service's own program is started with. */
export async function postgresOf(
  {
    spec,
    instance,
    secrets,
  }: { readonly spec: ServiceSpec; readonly instance: InstanceRecord; readonly secrets: string },
  host: HostEnvironment,
): Promise<Postgres> {
  const user = spec.env.POSTGRES_USER ?? spec.env.PGUSER ?? 'postgres';
  const database = spec.env.POSTGRES_DB ?? spec.env.PGDATABASE ?? user;
  const secret = spec.secrets.find(({ envKey }) => envKey === 'POSTGRES_PASSWORD' || envKey === 'PGPASSWORD');
  const port = Object.values(instance.ports)[0];
  if (port === undefined) throw new DataRefusal(`"${spec.name}" has no port that its database could be asked at`);
  return {
    host,
    service: spec.name,
    environment: {
      ...(host as Record<string, string>),
      PGHOST: instance.host ?? '127.0.0.1',
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGCONNECT_TIMEOUT: '10',
      ...(secret === undefined ? {} : { PGPASSWORD: await secretValue(secrets, secret.name) }),
    },
  };
}

/** Writes a whole and consistent dump into a folder, whoever writes meanwhile. */
export async function dumpTo(postgres: Postgres, folder: string, signal?: AbortSignal): Promise<void> {
  await untilAnswers(postgres, signal);
  const words = ['--format=plain', '--no-owner', '--no-privileges', '--no-password', '--encoding=UTF8'];
  const { code, errors } = await runTool({
    program: toolOnPath(postgres.host, 'pg_dump'),
    words: [...words, `--exclude-schema=${ownSchema}`, `--file=${join(folder, dumpFile)}`],
    environment: postgres.environment,
    ...(signal === undefined ? {} : { signal }),
  });
  if (code !== 0) throw new DataRefusal(`Cannot dump the database of "${postgres.service}": ${firstError(errors)}`);
}

export type DumpPlan = {
  readonly columns: readonly Column[];
  readonly ways: readonly Sanitising[] | undefined;
  readonly words: string;
};

/** What sanitising would make of a dump, found before anything is touched; a text where it is refused. */
export async function readDump(file: string, rules: Rules, isWhole: boolean): Promise<DumpPlan | string> {
  if (rules.sanitise === undefined) return { columns: [], ways: undefined, words: 'nothing sanitised' };
  const scanner = new DumpScanner();
  for await (const line of linesOf(file)) scanner.next(line);
  if (scanner.hasLargeObjects && rules.unclassified !== 'allow')
    return 'it has large objects, which stand in no column; say unclassified: allow under snapshot.sanitise to keep them as they are';
  const classified = classifyColumns(scanner.columns, rules, isWhole);
  if (classified.kind === 'refused') return classified.reason;
  return { columns: scanner.columns, ways: classified.ways, words: sanitisedWords(scanner.columns, classified.ways) };
}

export type Load = {
  readonly file: string;
  readonly plan: DumpPlan;
  readonly keyed: Keyed;
  readonly signal: AbortSignal;
  /** Asked before COMMIT; where it says no, nothing has happened. */
  readonly mayCommit: () => Promise<boolean>;
};

/** Replaces everything in the database by a dump, its values sanitised before they reach the server. False where fenced. */
export async function loadDump(postgres: Postgres, { file, plan, keyed, signal, mayCommit }: Load): Promise<boolean> {
  return transact(postgres, { signal, mayCommit, what: 'restore' }, async (input) => {
    await writeTo(input, emptied);
    const scanner = new DumpScanner();
    for await (const line of linesOf(file)) {
      const read = scanner.next(line);
      const { columns, ways } = plan;
      const text = read.kind === 'row' && ways !== undefined ? sanitiseRow(line, read, { columns, ways, keyed }) : line;
      await writeTo(input, `${text}\n`);
    }
  });
}

/** Runs SQL once under a key: who did it before says so in the same transaction. False where fenced. */
export function runOnce(
  postgres: Postgres,
  { sql, key, signal, mayCommit }: { readonly sql: string; readonly key: string } & Pick<Load, 'signal' | 'mayCommit'>,
): Promise<boolean> {
  return transact(postgres, { signal, mayCommit, what: 'seed' }, async (input) => {
    // The key is a digest and a number: nothing in it needs quoting.
    await writeTo(
      input,
      `SET LOCAL client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS ${ownSchema};
CREATE TABLE IF NOT EXISTS ${ownSchema}.seed_steps (key text PRIMARY KEY);
SELECT NOT EXISTS (SELECT FROM ${ownSchema}.seed_steps WHERE key = '${key}') AS msx_new \\gset
\\if :msx_new
INSERT INTO ${ownSchema}.seed_steps VALUES ('${key}');
`,
    );
    await writeTo(input, `${sql}\n;\n\\endif\n`);
  });
}

const emptied = `SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '30s';
DO $microstax$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
END $microstax$;
CREATE SCHEMA public;
`;

async function transact(
  postgres: Postgres,
  { signal, mayCommit, what }: { readonly what: string } & Pick<Load, 'signal' | 'mayCommit'>,
  write: (input: Writable) => Promise<void>,
): Promise<boolean> {
  await untilAnswers(postgres, signal);
  const ended = await runTool({
    program: toolOnPath(postgres.host, 'psql'),
    words: [
      '--no-psqlrc',
      '--no-password',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      '--set=VERBOSITY=terse',
      '--output=/dev/null',
      '--file=-',
    ],
    environment: postgres.environment,
    signal,
    async feed(input) {
      await writeTo(input, 'BEGIN;\n');
      await write(input);
      if (!(await mayCommit())) throw new FencedOff();
      await writeTo(input, `COMMIT;\n\\echo ${committed}\n`); // invariant 1
    },
  }).catch((error: unknown) => {
    if (error instanceof FencedOff) return undefined;
    throw error;
  });
  if (ended === undefined) return false;
  const { code, output, errors } = ended;
  // What an unclosed quote or comment has swallowed was never done.
  if (code !== 0 || !output.includes(committed))
    throw new DataRefusal(
      `Cannot ${what} the database of "${postgres.service}": ${firstError(errors)}; nothing of it was changed`,
    );
  return true;
}

const committed = 'microstax: committed';

class FencedOff extends Error {}

/** A server that listens may still be starting. */
async function untilAnswers(
  postgres: Postgres,
  signal: AbortSignal | undefined,
  clock: Clock = systemClock,
): Promise<void> {
  const endsAt = clock.monotonicMs() + answersMs;
  for (;;) {
    const program = toolOnPath(postgres.host, 'pg_isready');
    const { code, output } = await runTool({
      program,
      words: [],
      environment: postgres.environment,
      ...(signal ? { signal } : {}),
    });
    if (code === 0) return;
    if (clock.monotonicMs() >= endsAt)
      throw new DataRefusal(
        `The database of "${postgres.service}" does not answer after ${answersMs / 1_000} s: ${output.trim() || 'no word'}`,
      );
    await clock.delay(answersPollMs, signal);
  }
}

// Invariant 2.
function firstError(errors: string): string {
  const lines = errors.split('\n').map((line) => line.trim());
  const line = lines.find((one) => /(?:ERROR|FATAL|error):/.test(one)) ?? lines.find((one) => one !== '') ?? 'no word';
  return line
    .replace(/^.*?(?:ERROR|FATAL|error):\s*/, '')
    .replace(/: ".*$/s, '')
    .slice(0, 300);
}

/** Lines as a dump has them: what stands between line feeds, whatever else is in it. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
