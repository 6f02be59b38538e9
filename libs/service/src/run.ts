import { failpointSpec } from './config.ts';
import { ConfigError } from './env.ts';
import { armFailpoints } from './failpoint.ts';

/** What a process of ours ends with. */
export const exitCode = { ok: 0, failed: 1, badConfig: 2, interrupted: 130 } as const;

/**
 * The life of a process: starts, waits for SIGINT or SIGTERM, disposes, exits with 0. A signal during the start is kept
 * until the start is through. A second signal, half a second later or more,
 * exits at once with 130. What goes wrong is one sentence on stderr and
 * exit code 1, a `ConfigError` exit code 2. Does not return to its caller.
 */
export async function runService(name: string, start: () => Promise<AsyncDisposable>): Promise<void> {
  const stopped = firstSignal();
  process.on('unhandledRejection', (reason) => endWithDefect(name, reason));
  process.on('uncaughtException', (error) => endWithDefect(name, error));
  let service: AsyncDisposable;
  try {
    armFailpoints(failpointSpec() ?? ''); // a typing error there is found now, not at the first message
    service = await start();
  } catch (error) {
    say(`${name} cannot start: ${sentence(error)}`);
    process.exit(error instanceof ConfigError ? exitCode.badConfig : exitCode.failed);
  }
  await stopped;
  try {
    await service[Symbol.asyncDispose]();
  } catch (error) {
    say(`${name} did not stop in order: ${sentence(error)}`);
    process.exit(exitCode.failed);
  }
  process.exit(exitCode.ok);
}

/** An error and its causes as one line without stacks: for people who did not write the code. */
export function sentence(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && current !== null && parts.length < 5; ) {
    const text = current instanceof Error ? current.message || current.name : String(current);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join('; because: ').replaceAll(/\s*\n\s*/g, ' ');
}

// Ctrl-C under npm arrives twice, from the terminal and from npm: that is one wish, not two.
const sameWishMs = 500;

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let heardAt: number | undefined;
    const hear = (): void => {
      const now = performance.now();
      if (heardAt !== undefined && now - heardAt > sameWishMs) process.exit(exitCode.interrupted);
      heardAt ??= now;
      resolve();
    };
    process.on('SIGINT', hear);
    process.on('SIGTERM', hear);
  });
}

// Nobody expected this one, so whoever repairs it needs the stack as well.
function endWithDefect(name: string, reason: unknown): never {
  say(`${name} ends after a defect: ${sentence(reason)}`);
  if (reason instanceof Error && reason.stack !== undefined) say(reason.stack);
  process.exit(exitCode.failed);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
