/** What a process was started with; `config.ts` files hand it in, so that every reader can be tested. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A setting that nobody can act on. `runService` turns it into one line and exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The variable, trimmed; the fallback where it is absent or empty. Throws `ConfigError` where there is neither. */
export function readString(env: Env, name: string, fallback?: string): string {
  return readOptionalString(env, name) ?? required(name, 'any text', fallback);
}

/** The variable, trimmed; undefined where it is absent or empty. */
export function readOptionalString(env: Env, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === undefined || text === '' ? undefined : text;
}

/** An address of Redis; undefined where none is set. Its password is repeated in no error. */
export function readRedisUrl(env: Env, name: string): string | undefined {
  const text = readOptionalString(env, name);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return text;
  throw new ConfigError(`Cannot read ${name}: allowed is an address such as redis://127.0.0.1:6379`);
}

/** A whole number within the bounds, both inclusive. Throws `ConfigError` on anything else. */
export function readInteger(
  env: Env,
  name: string,
  fallback?: number,
  bounds: { readonly min?: number; readonly max?: number } = {},
): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  const allowed =
    bounds.min === undefined && bounds.max === undefined ? 'a whole number' : `a whole number from ${min} to ${max}`;
  const text = readOptionalString(env, name);
  if (text === undefined) return required(name, allowed, fallback);
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < min || value > max) throw unreadable(name, text, allowed);
  return value;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds: `250ms`, `15s`, `2m`, `1h`, `7d`; a bare whole number is milliseconds. */
export function readDurationMs(env: Env, name: string, fallback?: number): number {
  const allowed = 'a duration such as 250ms, 15s, 2m, 1h or 7d';
  const text = readOptionalString(env, name);
  if (text === undefined) return required(name, allowed, fallback);
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * (unitMs[match[2] ?? 'ms'] ?? Number.NaN));
  if (!Number.isSafeInteger(value)) throw unreadable(name, text, allowed);
  return value;
}

/** `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`, in any case. */
export function readBoolean(env: Env, name: string, fallback?: boolean): boolean {
  const allowed = 'true or false (also 1, 0, yes, no, on, off)';
  const text = readOptionalString(env, name);
  if (text === undefined) return required(name, allowed, fallback);
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw unreadable(name, text, allowed);
}

/** Items separated by commas, trimmed, empty ones left out. */
export function readList(env: Env, name: string, fallback?: readonly string[]): readonly string[] {
  const text = readOptionalString(env, name);
  if (text === undefined) return required(name, 'items separated by commas', fallback);
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function required<T>(name: string, allowed: string, fallback: T | undefined): T {
  if (fallback !== undefined) return fallback;
  throw new ConfigError(`Cannot read ${name}: it is not set; set it to ${allowed}`);
}

function unreadable(name: string, found: string, allowed: string): ConfigError {
  return new ConfigError(`Cannot read ${name}: found ${JSON.stringify(found)}, allowed is ${allowed}`);
}
