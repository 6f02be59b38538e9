import { readdirSync, readFileSync } from 'node:fs';
import { processState } from '@microstax/service/process-identity';

/** A living program of an environment, as the process table has it. */
export type LivingProgram = { readonly pid: number; readonly env: string; readonly service: string };

/** The programs that runtimes over this data folder have started and that live, shims about to become one included. */
export function programsOf(dataDir: string): readonly LivingProgram[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => programAt(Number(name), dataDir) ?? [])
    .sort((one, other) => one.pid - other.pid);
}

function programAt(pid: number, dataDir: string): LivingProgram | undefined {
  let words: Map<string, string>;
  try {
    words = variablesOf(readFileSync(`/proc/${pid}/environ`, 'utf8'));
  } catch {
    return undefined; // it has ended meanwhile, or belongs to somebody else
  }
  const [env, service] = [words.get('MSX_ENV'), words.get('MSX_SERVICE')];
  if (words.get('TMPDIR') !== dataDir || env === undefined || service === undefined) return undefined;
  return processState(pid) === undefined ? undefined : { pid, env, service };
}

function variablesOf(environ: string): Map<string, string> {
  return new Map(
    environ.split('\0').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
