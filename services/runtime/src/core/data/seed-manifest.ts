import { isToken } from '@microstax/model/names';

export type SeedStep =
  /** `database`: which file of a data directory, where there are several. */
  | { readonly kind: 'sql'; readonly file: string; readonly database?: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** `seed.json` of a package. */
export type SeedManifest = {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** Sorted; absent: whichever it is run against. */
  readonly services?: readonly string[];
  readonly steps: readonly SeedStep[];
};

export type ReadManifest =
  | { readonly kind: 'read'; readonly manifest: SeedManifest }
  | { readonly kind: 'unreadable'; readonly reason: string };

const stepsMax = 100;

/** Reads a manifest; what is wrong with it is said with what is expected. */
export function readSeedManifest(text: string): ReadManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('seed.json is not JSON');
  }
  if (!isMap(value)) return unreadable('seed.json is not an object');
  const { name, version, description, services, steps, ...rest } = value;
  const odd = Object.keys(rest)[0];
  if (odd !== undefined) return unreadable(`seed.json has an unknown key ${JSON.stringify(odd)}`);
  if (typeof name !== 'string' || !isToken(name)) return unreadable('"name" is to be 1 to 40 of a-z, 0-9 and "-"');
  if (typeof version !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(version))
    return unreadable('"version" is to be a text such as "3" or "1.2.0"');
  if (description !== undefined && typeof description !== 'string') return unreadable('"description" is to be a text');
  if (services !== undefined && (!isTexts(services) || !services.every(isToken)))
    return unreadable('"services" is to be a list of names');
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > stepsMax)
    return unreadable(`"steps" is to be a list of 1 to ${stepsMax}`);
  const read = steps.map(readStep);
  const bad = read.indexOf(undefined);
  if (bad >= 0)
    return unreadable(
      `step ${bad + 1} is to be { "sql": <file>, "database"?: <file> } or { "command": [<program>, …] }`,
    );
  return {
    kind: 'read',
    manifest: {
      name,
      version,
      ...(description === undefined ? {} : { description }),
      ...(services === undefined ? {} : { services: [...new Set(services)].sort() }),
      steps: read.filter((step) => step !== undefined),
    },
  };
}

/** A path below the folder it is relative to, which names no way out of it. */
export function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..');
}

/** Newest first: numbers by their value, everything else by its letters. */
export function compareVersions(a: string, b: string): number {
  return -new Intl.Collator('en', { numeric: true }).compare(a, b) || (a < b ? 1 : -1);
}

function readStep(step: unknown): SeedStep | undefined {
  if (!isMap(step)) return undefined;
  const { sql, database, command, ...rest } = step;
  if (Object.keys(rest).length > 0) return undefined;
  if (typeof sql === 'string' && command === undefined) {
    if (!isInside(sql) || (database !== undefined && (typeof database !== 'string' || !isInside(database))))
      return undefined;
    return { kind: 'sql', file: sql, ...(database === undefined ? {} : { database }) };
  }
  if (sql !== undefined || database !== undefined || !isTexts(command)) return undefined;
  return command.length > 0 && command[0] !== '' ? { kind: 'command', command } : undefined;
}

/**
 * Why an SQL file cannot be run as one step; undefined where it can. A step is one transaction of ours, which says whether
 * it was done; and what psql does beside SQL, such as reading other files, is not what a file of SQL is for.
 */
export function whyNoStep(sql: string): string | undefined {
  if (/^\s*(?:begin|commit|rollback|end|start\s+transaction)\s*(?:transaction|work)?\s*;/im.test(sql))
    return 'it begins or ends a transaction, and each step is one by itself';
  // `\.` ends rows and `\N` may begin one.
  if (/^[ \t]*\\(?!\.\r?$|N)/m.test(sql)) return 'it has a command of psql, and only SQL is run';
  return undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function unreadable(reason: string): ReadManifest {
  return { kind: 'unreadable', reason };
}
