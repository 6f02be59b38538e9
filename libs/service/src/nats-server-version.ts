import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The version that the program at `path` reports, such as `2.15.1`. Rejects when it does not run or says no version. */
export async function natsServerVersion(path: string): Promise<string> {
  const { stdout, stderr } = await run(path, ['--version'], { timeout: 10_000 });
  const match = /v(\d+\.\d+\.\d+\S*)/.exec(`${stdout}${stderr}`);
  if (match?.[1] === undefined) {
    throw new Error(
      `Cannot use ${JSON.stringify(path)} as nats-server: --version says ${JSON.stringify(stdout.trim())}`,
    );
  }
  return match[1];
}
