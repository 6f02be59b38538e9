import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isToken } from '@microstax/model/names';
import { parseDocument } from 'yaml';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { readStdin } from './read-stdin.ts';

/** Intake's limit; a larger body is refused here, before the bus would. */
const blueprintBytesMax = 8 * 1024 * 1024;

export type BlueprintFile = { readonly file: string; readonly bytes: Buffer; readonly env: string };

/** Reads a Blueprint and the environment it names; its content is judged by intake, which alone knows the rules. */
export function readBlueprintFile(file: string, env?: string): BlueprintFile {
  const bytes = readBytes(file);
  if (bytes.length > blueprintBytesMax) {
    throw new CliError({
      code: 'blueprint-too-large',
      message: `${file}:1:1: the Blueprint is ${bytes.length} bytes, at most ${blueprintBytesMax} are allowed`,
      next: 'split it into environments, or remove what is no declaration',
      exitCode: exitCodes.invalidInput,
    });
  }
  const named = env ?? nameIn(bytes.toString('utf8'));
  if (named !== undefined && isToken(named)) return { file, bytes, env: named };
  const fallback = basename(file)
    .replace(/\.[^.]*$/, '')
    .toLowerCase();
  if (named === undefined && isToken(fallback)) return { file, bytes, env: fallback };
  throw new CliError({
    code: 'no-name',
    message:
      named === undefined
        ? `${file}:1:1: the Blueprint does not say its name`
        : `${file}: name ${JSON.stringify(named.slice(0, 60))} is not allowed: 1 to 40 of a-z, 0-9 and "-"`,
    next: 'write a line such as "name: shop", or give --env',
    exitCode: exitCodes.invalidInput,
  });
}

/** The name at the top, also of a text that is broken further down. */
function nameIn(text: string): string | undefined {
  const line = /^[ \t]*(?:"name"|name)[ \t]*:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#,{}[\]&*!|>]+))/m.exec(
    text.slice(0, 65_536),
  );
  if (text.length <= 65_536) {
    try {
      const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
      // What is made from a stored generation is the same environment, unless it is given a name of its own.
      const name: unknown = document.get('name') ?? document.getIn(['from', 'env']);
      if (typeof name === 'string') return name;
      if (document.has('closure')) return undefined;
    } catch {
      // What cannot be read at all is intake's to describe.
    }
  }
  return line?.[1] ?? line?.[2] ?? line?.[3];
}

/** A file's bytes; `-` is standard input. Throws `CliError` where it cannot be read. */
export function readBytes(file: string): Buffer {
  try {
    return file === '-' ? readStdin() : readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new CliError({
      code: 'unreadable-file',
      message: `Cannot read ${JSON.stringify(file)}: ${code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : String(code)}`,
      exitCode: exitCodes.usage,
    });
  }
}
