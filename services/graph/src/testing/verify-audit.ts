import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The program that outsiders verify with. */
export const verifyProgram = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'audit', 'verify.mjs');

export type Verdict = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the program that outsiders verify with, as they run it: a process, a file, a public key. */
export function verifyAudit(
  file: unknown,
  { key, held = [] }: { key?: string; held?: readonly string[] } = {},
): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'msx-verify-'));
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  try {
    const argv = [
      verifyProgram,
      written('file.json', typeof file === 'string' ? file : JSON.stringify(file)),
      ...(key === undefined ? [] : ['--key', written('public.pem', key)]),
      ...held.flatMap((note, index) => ['--checkpoint', written(`checkpoint-${index}`, note)]),
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    return { code: status, out: stdout, err: stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
