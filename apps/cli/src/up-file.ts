import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process of ours by what survives the reuse of a pid. */
export type KnownProcess = {
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
};

/** `DIR/up.json`, for scripts: organisation, bus, process ids, URLs by environment, service and port. */
export type UpFile = {
  readonly org: string;
  readonly bus: string;
  readonly data: string;
  readonly pid: number;
  readonly ready: boolean;
  readonly processes: readonly KnownProcess[];
  readonly environments: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
};

export function upFilePath(dataDir: string): string {
  return join(dataDir, 'up.json');
}

/** undefined where there is none or it cannot be read. */
export function readUpFile(dataDir: string): UpFile | undefined {
  try {
    return JSON.parse(readFileSync(upFilePath(dataDir), 'utf8')) as UpFile;
  } catch {
    return undefined;
  }
}

export function writeUpFile(dataDir: string, file: UpFile): void {
  const path = upFilePath(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
