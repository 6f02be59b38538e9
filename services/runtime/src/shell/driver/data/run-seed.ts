import { open, readFile, realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { isProgram, onPath } from '@microstax/service/on-path';
import { type SeedStep, whyNoStep } from '../../../core/data/seed-manifest.ts';
import type { DataOutcome, SeedRequest } from '../data-hands.ts';
import { type Folders, fileName } from '../folders.ts';
import { logTail } from '../log-tail.ts';
import { secretValue, secretValues } from '../secret-files.ts';
import type { HostEnvironment } from '../start-process.ts';
import { DataRefusal, engineOf, sqliteFiles } from './data-folder.ts';
import { type Postgres, postgresOf, runOnce } from './postgres.ts';
import { openSeed } from './seed-packages.ts';
import { sqliteTask } from './sqlite-task.ts';
import { runTool } from './tool.ts';

export type SeedPlace = {
  readonly folders: Folders;
  readonly host: HostEnvironment;
  /** Where packages are. */
  readonly seeds: string;
  /** The service's own directory. */
  readonly data: string;
};

const seedMsMax = 600_000;
const lastLines = 5;

/** Does the steps of a package in their order; the first that cannot be done ends it. */
export async function runSeed(request: SeedRequest, place: SeedPlace): Promise<DataOutcome> {
  const { name, version, spec, fence } = request;
  const seed = await openSeed(place.seeds, name, version);
  if (typeof seed === 'string') return { kind: 'refused', reason: seed };
  await using opened = seed;
  const { manifest, folder } = opened;
  if (manifest.services !== undefined && !manifest.services.includes(spec.name))
    return {
      kind: 'refused',
      reason: `seed "${name}" is made for ${manifest.services.join(', ')}, not for "${spec.name}"; name its services under seeds`,
    };
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(seedMsMax)]);
  const isPostgres = (await engineOf(place.data)) === 'postgres';
  const about = { spec, instance: request.instance, secrets: place.folders.secrets };
  const postgres = isPostgres ? await postgresOf(about, place.host) : undefined;
  const steps: Steps = { request, place, folder, postgres, signal };
  for (const [index, step] of manifest.steps.entries()) {
    if ((await fence()) === 'fenced') return { kind: 'fenced' };
    const passed = step.kind === 'sql' ? await sqlStep(step, index, steps) : await commandStep(step, index, steps);
    if (!passed) return { kind: 'fenced' };
  }
  const count = manifest.steps.length;
  return { kind: 'done', reason: `seed ${name}@${manifest.version}: ${count} ${count === 1 ? 'step' : 'steps'} done` };
}

type Steps = {
  readonly request: SeedRequest;
  readonly place: SeedPlace;
  readonly folder: string;
  readonly postgres: Postgres | undefined;
  readonly signal: AbortSignal;
};

/** False where fenced. */
async function sqlStep(step: Extract<SeedStep, { kind: 'sql' }>, index: number, steps: Steps): Promise<boolean> {
  const { request, postgres, signal, place } = steps;
  const sql = await readFile(await inside(steps.folder, step.file), 'utf8');
  const why = whyNoStep(sql);
  if (why !== undefined) throw new DataRefusal(`step ${index + 1} (${step.file}) cannot be run: ${why}`);
  const key = `${request.key}/${index}`;
  const mayCommit = async (): Promise<boolean> => (await request.fence()) === 'passed';
  if (postgres !== undefined) return runOnce(postgres, { sql, key, signal, mayCommit });
  const databases = await sqliteFiles(place.data);
  const file = step.database ?? (databases.length === 1 ? databases[0] : undefined);
  if (file === undefined || !databases.includes(file))
    throw new DataRefusal(
      `step ${index + 1} (${step.file}) cannot be run: "${request.spec.name}" has ${databases.length === 0 ? 'no database' : `the databases ${databases.join(', ')}`}; name one of them as "database" in seed.json`,
    );
  await sqliteTask({ kind: 'seed', file: join(place.data, file), sql, key });
  return true;
}

async function commandStep(
  step: Extract<SeedStep, { kind: 'command' }>,
  index: number,
  steps: Steps,
): Promise<boolean> {
  const { request, place, folder, postgres, signal } = steps;
  const { spec, instance, scope, key, name } = request;
  const [word = '', ...words] = step.command;
  const program = word.includes('/') ? await inside(folder, word) : onPath({ PATH: place.host.PATH }, word);
  if (program === undefined || !isProgram(program))
    throw new DataRefusal(
      `step ${index + 1} cannot be run: ${JSON.stringify(word)} is no program of the package or on the PATH of the runtime`,
    );
  const environment: Record<string, string> = {
    ...(place.host as Record<string, string>),
    ...postgres?.environment,
    ...(await secretsOf(steps)),
    MSX_ENV: scope.env,
    MSX_SERVICE: spec.name,
    MSX_DATA_DIR: place.data,
    MSX_SEED_KEY: `${key}/${index}`,
    ...Object.fromEntries(
      Object.entries(instance.ports).map(([port, at]) => [
        `MSX_PORT_${port.toUpperCase().replaceAll('-', '_')}`,
        String(at),
      ]),
    ),
  };
  const file = join(place.folders.logs, `${fileName(`seed-${name}`)}.log`);
  const log = await open(file, 'a', 0o600);
  try {
    const { code } = await runTool({ program, words, environment, cwd: folder, signal, log: log.fd });
    if (code === 0) return true;
    const lines = await logTail(file, { lines: lastLines, secrets: await secretValues(place.folders.secrets) });
    throw new DataRefusal(
      `step ${index + 1} (${word}) ended with exit code ${code}${lines.length > 0 ? `; it last said: ${lines.join(' | ')}` : ''}`,
    );
  } finally {
    await log.close();
  }
}

async function secretsOf({ request, place }: Steps): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { envKey, name } of request.spec.secrets) values[envKey] = await secretValue(place.folders.secrets, name);
  return values;
}

/** A file of the package, whatever links there are in it. */
async function inside(folder: string, path: string): Promise<string> {
  const [root, file] = [await realpath(folder), await realpath(resolve(folder, path)).catch(() => undefined)];
  if (file === undefined) throw new DataRefusal(`the package has no file ${JSON.stringify(path)}`);
  if (!file.startsWith(`${root}${sep}`)) throw new DataRefusal(`${JSON.stringify(path)} leads out of the package`);
  return file;
}
