// Owns: snapshots, restores and seeds of services that are processes of this machine.
// 1. A snapshot stands there whole or not at all, and is never changed.
// 2. Before anything is touched every byte of what is restored has been compared with what the graph recorded.
// 3. Values are sanitised before they reach the service's data: what is restored was never there in clear.
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeedsReply, SnapshotItem } from '@microstax/contracts/data-requests';
import type { InstanceRecord } from '@microstax/model/journal';
import { specDigest } from '@microstax/model/service-spec';
import {
  filesDigest,
  type Snapshot,
  type SnapshotFile,
  type SnapshotPart,
  snapshotDigest,
} from '@microstax/model/snapshot';
import { classifyColumns, type Rules, sanitisedWords } from '../../../core/data/classify-columns.ts';
import { UnreadableDump } from '../../../core/data/postgres-dump.ts';
import { quiesce } from '../../../core/data/quiesce.ts';
import type {
  DataHands,
  DataOutcome,
  Keeper,
  RestoreRequest,
  SeedRequest,
  TakeOutcome,
  TakeRequest,
} from '../data-hands.ts';
import type { Scope } from '../driver.ts';
import { type Folders, fileName, foldersOf, makeFolders } from '../folders.ts';
import { secretValue } from '../secret-files.ts';
import type { HostEnvironment } from '../start-process.ts';
import { copyAtRest, copyFolder, DataRefusal, engineOf, otherFiles, sqliteFiles } from './data-folder.ts';
import { keyedBy } from './keyed-by.ts';
import { whilePaused } from './paused-writers.ts';
import { dumpFile, dumpTo, loadDump, postgresOf, readDump } from './postgres.ts';
import { runSeed } from './run-seed.ts';
import { seedsIn } from './seed-packages.ts';
import { SqliteRefusal, sqliteTask } from './sqlite-task.ts';
import { checksum, draftSnapshot, partFolder, publishSnapshot, readPart } from './stored-snapshot.ts';
import { Cancelled } from './tool.ts';

export type ProcessDataOptions = {
  readonly dataDir: string;
  readonly host: HostEnvironment;
  /** Where packages of seeds are. */
  readonly seeds: string;
};

export class ProcessData implements DataHands {
  readonly #options: ProcessDataOptions;

  constructor(options: ProcessDataOptions) {
    this.#options = options;
  }

  async take(request: TakeRequest): Promise<TakeOutcome> {
    const { scope, name, keepers } = request;
    const folders = this.#folders(scope);
    const folder = join(folders.snapshots, fileName(name));
    if (await isThere(folder)) return { kind: 'refused', reason: `there is a snapshot "${scope.env}/${name}" already` };
    const members = await Promise.all(
      keepers.map(async (keeper) => ({
        ...keeper,
        service: keeper.spec.name,
        engine: await engineOf(dataFolder(folders, keeper)),
      })),
    );
    const running = Object.fromEntries(request.running.map(({ spec }) => [spec.name, spec]));
    const plan = quiesce({ members, running, strangers: request.strangers });
    if (plan.kind === 'refused') return plan;
    const instances = plan.pause.flatMap(
      (service) => request.running.find(({ spec }) => spec.name === service)?.instance ?? [],
    );
    await makeFolders(folders);
    const draft = await draftSnapshot(folders.snapshots);
    try {
      const parts = await this.#copyAll(members, { folders, draft, instances });
      const snapshot: Snapshot = {
        ...scope,
        name,
        ...request.about,
        consistency: plan.consistency,
        services: parts.map(({ part }) => part),
      };
      const item: SnapshotItem = { ...snapshot, digest: snapshotDigest(snapshot) };
      const files = Object.fromEntries(parts.map(({ part, files }) => [part.service, files]));
      if (!(await publishSnapshot(draft, folder, { snapshot: item, files })))
        return { kind: 'refused', reason: `there is a snapshot "${scope.env}/${name}" already` };
      return { kind: 'taken', snapshot: item, discard: () => rm(folder, { recursive: true, force: true }) };
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (isRefusal(error)) return { kind: 'refused', reason: error.message };
      throw error;
    }
  }

  async check(scope: Scope, snapshot: SnapshotItem): Promise<string | undefined> {
    const folder = this.#snapshotFolder(scope, snapshot.name);
    for (const { service } of snapshot.services) {
      const part = await readPart(folder, snapshot, service);
      if (part.kind === 'damaged') return part.reason;
    }
    return undefined;
  }

  async restore(request: RestoreRequest): Promise<DataOutcome> {
    return settled(request.signal, async () => {
      const { scope, spec, snapshot } = request;
      const from = { org: snapshot.org, env: snapshot.env };
      const part = await readPart(this.#snapshotFolder(from, snapshot.name), snapshot, spec.name); // invariant 2
      if (part.kind === 'damaged') return refused(part.reason);
      const engine = snapshot.services.find(({ service }) => service === spec.name)?.engine;
      const folders = this.#folders(scope);
      const present = await engineOf(dataFolder(folders, request));
      if (engine !== present)
        return refused(`its data is ${wordOf(engine)}, and "${spec.name}" keeps ${wordOf(present)}`);
      const outcome =
        engine === 'postgres'
          ? await this.#restoreServer(request, part.folder)
          : await this.#restoreFolder(request, part);
      if (outcome.kind === 'done') await noteOrigin(folders, spec.name, snapshot);
      return outcome;
    });
  }

  async seed(request: SeedRequest): Promise<DataOutcome> {
    return settled(request.signal, async () => {
      const folders = this.#folders(request.scope);
      const { host, seeds } = this.#options;
      await makeFolders(folders);
      return runSeed(request, { folders, host, seeds, data: dataFolder(folders, request) });
    });
  }

  seeds(): Promise<SeedsReply> {
    return seedsIn(this.#options.seeds);
  }

  /** All while the same are paused, so that everything is of one moment. */
  #copyAll(
    members: readonly (Keeper & Pick<SnapshotPart, 'service' | 'engine'>)[],
    {
      folders,
      draft,
      instances,
    }: { readonly folders: Folders; readonly draft: string; readonly instances: readonly InstanceRecord[] },
  ) {
    return whilePaused(folders, instances, async (signal) => {
      const parts: { readonly part: SnapshotPart; readonly files: readonly SnapshotFile[] }[] = [];
      for (const keeper of members) {
        const { service, engine, spec } = keeper;
        const to = partFolder(draft, service);
        const files =
          engine === 'postgres'
            ? await this.#dump(keeper, to, { folders, signal })
            : await copyFolder(dataFolder(folders, keeper), to, signal);
        const parent = await originOf(folders, service);
        const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
        const part = {
          service,
          engine,
          specDigest: specDigest(spec),
          files: filesDigest(files),
          fileCount: files.length,
          bytes,
        };
        parts.push({ part: { ...part, ...(parent === undefined ? {} : { parent }) }, files });
      }
      return parts.sort((a, b) => (a.part.service < b.part.service ? -1 : 1));
    });
  }

  async #dump(
    { spec, instance }: Keeper,
    to: string,
    { folders, signal }: { readonly folders: Folders; readonly signal: AbortSignal },
  ): Promise<readonly SnapshotFile[]> {
    if (instance === undefined)
      throw new DataRefusal(`"${spec.name}" is a PostgreSQL server, which has to run to be dumped`);
    await mkdir(to, { recursive: true, mode: 0o700 });
    const postgres = await postgresOf({ spec, instance, secrets: folders.secrets }, this.#options.host);
    await dumpTo(postgres, to, signal);
    return [{ path: dumpFile, ...(await checksum(join(to, dumpFile))) }];
  }

  async #restoreServer(request: RestoreRequest, folder: string): Promise<DataOutcome> {
    const { spec, instance, snapshot, rules, signal, fence } = request;
    const file = join(folder, dumpFile);
    const plan = await readDump(file, rules, snapshot.services.length === 1);
    if (typeof plan === 'string') return refused(plan);
    const secrets = this.#folders(request.scope).secrets;
    const postgres = await postgresOf({ spec, instance, secrets }, this.#options.host);
    const mayCommit = async (): Promise<boolean> => (await fence()) === 'passed';
    if ((await fence()) === 'fenced') return { kind: 'fenced' };
    const keyed = keyedBy(await this.#secret());
    if (!(await loadDump(postgres, { file, plan, keyed, signal, mayCommit }))) return { kind: 'fenced' };
    return restored(snapshot, plan.words);
  }

  async #restoreFolder(
    request: RestoreRequest,
    part: { readonly folder: string; readonly files: readonly SnapshotFile[] },
  ): Promise<DataOutcome> {
    const { scope, snapshot, rules, signal } = request;
    const folders = this.#folders(scope);
    const target = dataFolder(folders, request);
    const [staged, before] = [`${target}.staged`, `${target}.before`]; // ours: no service's name has a dot
    await rm(staged, { recursive: true, force: true });
    try {
      await copyAtRest(part.folder, staged, signal);
      const words = await this.#sanitiseFolder(staged, rules, snapshot.services.length === 1); // invariant 3
      if (words.kind === 'refused') return refused(words.reason);
      const outcome = await request.whileStopped(async () => {
        await rm(before, { recursive: true, force: true });
        await rename(target, before).catch(unlessMissing);
        await rename(staged, target);
      });
      if (outcome.kind !== 'done') return outcome;
      await rm(before, { recursive: true, force: true });
      return restored(snapshot, words.text);
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
  }

  async #sanitiseFolder(
    folder: string,
    rules: Rules,
    isWhole: boolean,
  ): Promise<{ readonly kind: 'done'; readonly text: string } | { readonly kind: 'refused'; readonly reason: string }> {
    if (rules.sanitise === undefined) return { kind: 'done', text: 'nothing sanitised' };
    const others = rules.unclassified === 'allow' ? [] : await otherFiles(folder);
    if (others.length > 0)
      return {
        kind: 'refused',
        reason: `${others.slice(0, 3).join(', ')}${others.length > 3 ? ` and ${others.length - 3} more` : ''} ${others.length === 1 ? 'has' : 'have'} no columns that could be classified; say unclassified: allow under snapshot.sanitise to keep files as they are`,
      };
    const files = await sqliteFiles(folder);
    const columns = await Promise.all(
      files.map(async (file) => (await sqliteTask({ kind: 'columns', file: join(folder, file) })).columns),
    );
    const all = columns.flat();
    const classified = classifyColumns(all, rules, isWhole);
    if (classified.kind === 'refused') return classified;
    const secret = await this.#secret();
    let at = 0;
    for (const [index, file] of files.entries()) {
      const own = columns[index] ?? [];
      const ways = classified.ways.slice(at, at + own.length);
      at += own.length;
      if (ways.some((way) => way !== 'keep'))
        await sqliteTask({ kind: 'sanitise', file: join(folder, file), columns: own, ways, secret });
    }
    return { kind: 'done', text: sanitisedWords(all, classified.ways) };
  }

  /** One for everything that this data directory sanitises: equal values stay equal, in whichever snapshot they are. */
  #secret(): Promise<string> {
    return secretValue(join(this.#options.dataDir, 'sanitising'), 'key');
  }

  #snapshotFolder(scope: Scope, name: string): string {
    return join(this.#folders(scope).snapshots, fileName(name));
  }

  #folders(scope: Scope): Folders {
    return foldersOf(this.#options.dataDir, scope);
  }
}

function dataFolder({ data }: Folders, { spec }: Pick<Keeper, 'spec'>): string {
  return join(data, fileName(spec.name));
}

function wordOf(engine: string | undefined): string {
  return engine === 'postgres' ? 'that of a PostgreSQL server' : 'a directory of files';
}

function refused(reason: string): DataOutcome {
  return { kind: 'refused', reason };
}

function restored({ env, name, digest }: SnapshotItem, words: string): DataOutcome {
  return { kind: 'done', reason: `restored ${env}/${name} (${digest.slice(0, 19)}), ${words}` };
}

/** Where the data of a service came from, beside it. */
async function noteOrigin(folders: Folders, service: string, { env, name, digest }: SnapshotItem): Promise<void> {
  await writeFile(originFile(folders, service), JSON.stringify({ snapshot: `${env}/${name}`, digest }), {
    mode: 0o600,
  });
}

async function originOf(folders: Folders, service: string): Promise<SnapshotPart['parent']> {
  const text = await readFile(originFile(folders, service), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SnapshotPart['parent']);
}

function originFile({ data }: Folders, service: string): string {
  return join(data, `${fileName(service)}.origin`);
}

/** What a person can mend is a refusal; what was told to stop is cancelled. */
async function settled(signal: AbortSignal, work: () => Promise<DataOutcome>): Promise<DataOutcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Cancelled || signal.aborted) return { kind: 'cancelled' };
    if (isRefusal(error)) return refused(error.message);
    throw error;
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof DataRefusal || error instanceof SqliteRefusal || error instanceof UnreadableDump;
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
