import { serviceNames } from '@microstax/contracts/subjects';
import { isSameProcess } from '@microstax/service/process-identity';
import { CliError } from './cli-error.ts';
import type { KnownProcess, UpFile } from './up-file.ts';

const endWaitMs = 10_000;

/** One `msx up` a data directory. */
export function refuseSecondUp(dataDir: string, previous: UpFile | undefined): void {
  const holder = previous?.processes.find((one) => one.pid === previous.pid);
  if (!holder || !isSameProcess(holder)) return;
  throw new CliError({
    code: 'already-up',
    message: `${dataDir} is in use by msx up with pid ${holder.pid}`,
    next: `stop it with Ctrl-C in its terminal, or choose another directory: msx up --data DIR`,
  });
}

/**
 * Ends what a killed `msx up` left, by pid, start time and boot id, in the reverse order of its start, so the bus is
 * last. Services crash as their supervisor did: told to end, a runtime would stop its environments' processes, which are
 * to live on and be adopted, and all would wait for a bus that may be gone.
 */
export async function endLeftovers(previous: UpFile | undefined, say: (line: string) => void): Promise<void> {
  for (const left of (previous?.processes ?? []).toReversed()) {
    if (left.pid === previous?.pid || !isSameProcess(left)) continue;
    say(`ending ${left.name} (pid ${left.pid}) of an earlier msx up that was killed`);
    signal(left, serviceNames.some((name) => name === left.name) ? 'SIGKILL' : 'SIGTERM');
    const deadline = Date.now() + endWaitMs;
    while (isSameProcess(left)) {
      if (Date.now() > deadline) signal(left, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function signal({ pid }: KnownProcess, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended meanwhile
  }
}
