import { isSameProcess } from '@microstax/service/process-identity';
import { CliError } from './cli-error.ts';
import type { UpFile } from './up-file.ts';

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
 * Ends the nats-server and the router that a killed `msx up` left, by pid, start time and boot id; its environments'
 * processes live on and the runtime adopts them.
 */
export async function endLeftovers(previous: UpFile | undefined, say: (line: string) => void): Promise<void> {
  for (const left of previous?.processes ?? []) {
    if (left.pid === previous?.pid || !isSameProcess(left)) continue;
    say(`ending ${left.name} (pid ${left.pid}) of an earlier msx up that was killed`);
    process.kill(left.pid, 'SIGTERM');
    const deadline = Date.now() + endWaitMs;
    while (isSameProcess(left)) {
      if (Date.now() > deadline) process.kill(left.pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
