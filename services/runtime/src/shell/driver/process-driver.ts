// Owns: processes of this machine, their records, logs, secrets and data below one folder.
// Does not own: the journal, routes, when something starts (the executor).
//
// 1. No effect without the shim: it compares the epoch under the environment's lock (protocol 23).
// 2. A process is told by pid, start time and boot id, never by pid alone.
// 3. A program's environment holds PATH, HOME, LANG, TMPDIR and what its spec says, nothing else of ours.
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { InstanceRecord } from '@microstax/model/journal';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { type Clock, systemClock } from '@microstax/service/clock';
import { isSameProcess, requireLinux } from '@microstax/service/process-identity';
import { refersToOwnPort } from '../../core/interpolate.ts';
import { releasePaused } from './data/paused-writers.ts';
import { ProcessData } from './data/process-data.ts';
import type { Driver, Fence, ReadyOutcome, ReadyRequest, Scope, StartOutcome, StartRequest } from './driver.ts';
import { type Folders, fileName, foldersOf, makeFolders } from './folders.ts';
import { FreePorts } from './free-ports.ts';
import { readInstance, readInstances } from './instance-file.ts';
import { logTail } from './log-tail.ts';
import { groupListens } from './port-owner.ts';
import { startupMs, untilProbesPass } from './probes.ts';
import { groupEnded } from './process-group.ts';
import { secretValue, secretValues } from './secret-files.ts';
import { runShim } from './shim.ts';
import { type HostEnvironment, type StartedChild, startProcess } from './start-process.ts';
import { acceptsConnection } from './tcp-ready.ts';

export type ProcessDriverOptions = {
  /** Everything of the driver's is below it. */
  readonly dataDir: string;
  /** What `run.cwd` is relative to. */
  readonly workDir: string;
  readonly host: HostEnvironment;
  readonly stopGraceMs: number;
  /** Where packages of seeds are; by default in `seeds` below `workDir`. */
  readonly seedsDir?: string;
  readonly clock?: Clock;
};

const readyPollMs = 50;
const strangerMs = 3_000; // a program may let others listen for it, such as a container's proxy
const endPollMs = 25;
const killedMsMax = 5_000; // a killed process that does not end hangs in the kernel: somebody has to look
const lastLines = 5;

export class ProcessDriver implements Driver {
  readonly data: ProcessData;
  readonly #options: ProcessDriverOptions;
  readonly #clock: Clock;
  readonly #ports = new FreePorts();
  /** How our own children ended, by pid; an adopted process tells nobody. */
  readonly #endings = new Map<number, Promise<string>>();

  /** Throws a sentence on anything but Linux. */
  constructor(options: ProcessDriverOptions) {
    requireLinux();
    this.#options = { ...options, dataDir: resolve(options.dataDir), workDir: resolve(options.workDir) };
    this.#clock = options.clock ?? systemClock;
    const { dataDir, workDir, host } = this.#options;
    this.data = new ProcessData({ dataDir, host, seeds: resolve(workDir, options.seedsDir ?? 'seeds') });
  }

  async stamp(scope: Scope, epoch: number): Promise<Fence> {
    const folders = this.#folders(scope);
    await makeFolders(folders);
    await releasePaused(folders);
    return fence(await runShim({ verb: 'stamp', folder: folders.fence, epoch }));
  }

  /** The router's listeners are a process's names, and the folders are made with the first start. */
  async prepare(): Promise<Fence> {
    return 'passed';
  }

  async rename(): Promise<Fence> {
    return 'passed';
  }

  async ensureSecrets(scope: Scope, spec: ServiceSpec): Promise<void> {
    for (const secret of spec.secrets) await secretValue(this.#folders(scope).secrets, secret.name);
  }

  async start(request: StartRequest): Promise<StartOutcome> {
    const folders = this.#folders(request.scope);
    await makeFolders(folders);
    const names = request.spec.ports.map((port) => port.name);
    const picked = request.ports === undefined ? await this.#ports.pick(names.length) : [];
    const ports = request.ports ?? Object.fromEntries(names.map((name, index) => [name, picked[index] ?? 0]));
    const { workDir, host } = this.#options;
    return startProcess(request, { folders, workDir, host, ports, onChild: (child) => this.#watch(child) });
  }

  async ready(request: ReadyRequest): Promise<ReadyOutcome> {
    const { scope, instance, timeoutMs, signal } = request;
    const endsAt = this.#clock.monotonicMs() + Math.max(timeoutMs, startupMs(request.spec));
    const believedAt = this.#clock.monotonicMs() + strangerMs;
    let pending = Object.entries(instance.ports);
    for (;;) {
      if (signal.aborted) return { kind: 'cancelled' };
      const answers = await Promise.all(pending.map(([, port]) => acceptsConnection(port)));
      const open = pending.filter((_, index) => answers[index]);
      // Between choosing a port and listening on it somebody else may have taken it: then ours is about to end.
      const believed = this.#clock.monotonicMs() >= believedAt;
      const own = open.filter(([, port]) => believed || groupListens(instance.pid, port));
      pending = pending.filter((one) => !own.includes(one));
      // Asked after connecting: who accepts while our process has ended is somebody else.
      if (!isSameProcess(instance)) {
        const reason = await this.lastWords(scope, instance);
        return {
          kind: 'failed',
          reason,
          portTaken: open.length > 0 || /EADDRINUSE|address already in use/i.test(reason),
        };
      }
      if (pending.length === 0) return this.#probed(request);
      if (this.#clock.monotonicMs() >= endsAt) {
        return { kind: 'failed', reason: await this.#silence(request, pending), portTaken: false };
      }
      await this.#clock.delay(readyPollMs, signal);
    }
  }

  /** Its ports are open: what its own probes say of it. */
  async #probed(request: ReadyRequest): Promise<ReadyOutcome> {
    const outcome = await untilProbesPass(request, this.#clock);
    switch (outcome.kind) {
      case 'passed':
        return { kind: 'ready' };
      case 'cancelled':
        return { kind: 'cancelled' };
      case 'ended':
        return { kind: 'failed', reason: await this.lastWords(request.scope, request.instance), portTaken: false };
      case 'failed': {
        const lines = await this.#tail(request.scope, request.instance);
        const said = lines.length > 0 ? `; it last said: ${lines.join(' | ')}` : '';
        return { kind: 'failed', reason: `${outcome.reason}${said}`, portTaken: false };
      }
    }
  }

  isAlive(instance: InstanceRecord): boolean {
    return isSameProcess(instance);
  }

  async missing(scope: Scope, instances: readonly InstanceRecord[]): Promise<readonly InstanceRecord[]> {
    await releasePaused(this.#folders(scope));
    return instances.filter((instance) => !isSameProcess(instance));
  }

  async lastWords(scope: Scope, instance: InstanceRecord): Promise<string> {
    const ending = this.#endings.get(instance.pid);
    // The kernel tells of the end a moment before Node does.
    const how = ending && (await Promise.race([ending, this.#clock.delay(500)]));
    const lines = await this.#tail(scope, instance);
    const said = lines.length > 0 ? `; it last said: ${lines.join(' | ')}` : '; it said nothing';
    return `"${instance.service}" ${how ?? 'ended, nobody saw with which exit code'}${said}`;
  }

  async find(scope: Scope, instance: string): Promise<InstanceRecord | undefined> {
    const record = await readInstance(this.#folders(scope).records, instance);
    return record && isSameProcess(record) ? record : undefined;
  }

  async list(scope: Scope): Promise<readonly InstanceRecord[]> {
    return (await readInstances(this.#folders(scope).records)).filter(isSameProcess);
  }

  async stop(scope: Scope, instance: InstanceRecord, epoch: number): Promise<Fence> {
    const folders = this.#folders(scope);
    const about = { folder: folders.fence, instance: fileName(instance.id), epoch };
    for (const [signal, waitMs] of [
      ['TERM', this.#options.stopGraceMs],
      ['KILL', killedMsMax],
    ] as const) {
      const answer = await runShim({ verb: 'signal', ...about, signal });
      if (answer === 'fenced') return 'fenced';
      if (answer === 'nothing' || (await this.#groupEnds(instance.pid, waitMs))) return this.#forget(about, instance);
    }
    throw new Error(
      `Cannot stop "${instance.service}": process group ${instance.pid} lives ${killedMsMax} ms after SIGKILL`,
    );
  }

  async clear(scope: Scope, epoch: number): Promise<Fence> {
    const folders = this.#folders(scope);
    if ((await this.stamp(scope, epoch)) === 'fenced') return 'fenced';
    await rm(folders.data, { recursive: true, force: true });
    await rm(folders.secrets, { recursive: true, force: true });
    return 'passed';
  }

  async #forget(
    about: { readonly folder: string; readonly instance: string; readonly epoch: number },
    instance: InstanceRecord,
  ): Promise<Fence> {
    this.#endings.delete(instance.pid);
    return fence(await runShim({ verb: 'forget', ...about }));
  }

  async #groupEnds(group: number, waitMs: number): Promise<boolean> {
    const endsAt = this.#clock.monotonicMs() + waitMs;
    while (!groupEnded(group)) {
      if (this.#clock.monotonicMs() >= endsAt) return false;
      await this.#clock.delay(endPollMs);
    }
    return true;
  }

  async #silence({ spec, instance, scope, timeoutMs }: ReadyRequest, pending: [string, number][]): Promise<string> {
    const ports = pending.map(([name, port]) => `"${name}" (${port})`).join(', ');
    const unread = pending.find(([name]) => !refersToOwnPort(spec, name))?.[0];
    const hint = unread === undefined ? '' : `; tell the program its port with \${port.${unread}} in args or env`;
    const lines = await this.#tail(scope, instance);
    const said = lines.length > 0 ? `; it last said: ${lines.join(' | ')}` : '';
    return `"${spec.name}" does not listen on port ${ports} after ${timeoutMs / 1_000} s${hint}${said}`;
  }

  async #tail(scope: Scope, instance: InstanceRecord): Promise<string[]> {
    const folders = this.#folders(scope);
    const file = join(folders.logs, `${fileName(instance.id)}.log`);
    return logTail(file, { lines: lastLines, secrets: await secretValues(folders.secrets) });
  }

  #watch(child: StartedChild): void {
    this.#endings.set(child.pid, child.ended);
  }

  #folders(scope: Scope): Folders {
    return foldersOf(this.#options.dataDir, scope);
  }
}

function fence(answer: 'done' | 'nothing' | 'fenced'): Fence {
  return answer === 'fenced' ? 'fenced' : 'passed';
}
