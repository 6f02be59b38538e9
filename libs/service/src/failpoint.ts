// Protocol 33: places in the code where a test can kill or stop this very process, so that what survives a crash is
// tried and not argued. Without MSX_FAILPOINTS every call returns the same settled promise.
import { failpointSpec } from './config.ts';
import { ConfigError } from './env.ts';

export type FailpointAction = 'kill' | 'stop';

/** At the `hit`-th time that the point `name` is passed, counted from 1. */
export type Failpoint = { readonly name: string; readonly hit: number; readonly action: FailpointAction };

const passed: Promise<void> = Promise.resolve();
const hits = new Map<string, number>();
let armed: ReadonlyMap<string, readonly Failpoint[]> | undefined;

/**
 * Does nothing unless MSX_FAILPOINTS names this point. At the named hit the process ends by SIGKILL, and the promise
 * never settles; or it halts by SIGSTOP, and the promise settles once somebody sends SIGCONT.
 */
export function failpoint(name: string): Promise<void> {
  armed ??= byName(parseFailpoints(failpointSpec() ?? ''));
  if (armed.size === 0) return passed;
  const points = armed.get(name);
  if (points === undefined) return passed;
  const hit = (hits.get(name) ?? 0) + 1;
  hits.set(name, hit);
  const action = points.find((point) => point.hit === hit)?.action;
  return action === undefined ? passed : strike(name, hit, action);
}

/** Arms these points instead of those of MSX_FAILPOINTS and counts from 1 again. Throws `ConfigError` on bad syntax. */
export function armFailpoints(spec: string): void {
  armed = byName(parseFailpoints(spec));
  hits.clear();
}

/** Reads `<name>@<n>=kill|stop[,...]`. Throws `ConfigError` that quotes the part which cannot be read. */
export function parseFailpoints(spec: string): readonly Failpoint[] {
  return spec
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parsePart);
}

function parsePart(part: string): Failpoint {
  const match = /^([a-z0-9][a-z0-9.:-]*)@([1-9]\d*)=(kill|stop)$/.exec(part);
  if (match === null) {
    throw new ConfigError(
      `Cannot read MSX_FAILPOINTS: found ${JSON.stringify(part)}, allowed is <name>@<n>=kill or <name>@<n>=stop, n from 1`,
    );
  }
  return { name: match[1] ?? '', hit: Number(match[2]), action: match[3] === 'kill' ? 'kill' : 'stop' };
}

function byName(points: readonly Failpoint[]): ReadonlyMap<string, readonly Failpoint[]> {
  return Map.groupBy(points, (point) => point.name);
}

function strike(name: string, hit: number, action: FailpointAction): Promise<void> {
  process.stderr.write(`failpoint ${name}@${hit}: ${action}\n`);
  process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  return action === 'kill' ? new Promise(() => {}) : passed;
}
