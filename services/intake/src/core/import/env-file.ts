import type { ImportFile } from '@microstax/contracts/import-requests';
import type { Complaints } from './complaints.ts';
import { interpolate, type Variables } from './interpolate.ts';
import type { Sources } from './sources.ts';
import type { WrittenText } from './written-text.ts';

/**
 * A `.env` file as Compose reads it: `NAME=value`, `export` allowed, comments, single quotes as they are, double quotes
 * with escapes; `${…}` refers to what stands before, in this file or in those before. A later file wins.
 */
export function readEnvFile(
  file: ImportFile,
  known: Variables,
  { sources, complaints }: { sources: Sources; complaints: Complaints },
): Map<string, WrittenText> {
  const base = sources.add(file);
  const own = new Map<string, WrittenText>();
  const lookUp: Variables = { get: (name) => own.get(name) ?? known.get(name) };
  let at = 0;
  for (const line of file.text.split('\n')) {
    const offset = base + at;
    at += line.length + 1;
    const entry = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=(.*))?$/s.exec(line.replace(/\r$/, ''));
    if (entry === null) {
      if (!/^\s*(#|\r?$)/.test(line))
        complaints.add({
          code: 'bad-env-line',
          path: file.path,
          at: offset,
          reason: 'the line is neither empty, nor a comment, nor NAME=value',
        });
      continue;
    }
    const [, name = '', written] = entry;
    if (written === undefined) continue; // the shell's own value, which is not known here
    const value = unquoted(written);
    const text: WrittenText = { text: value.text, at: offset, variables: [] };
    own.set(name, value.literal ? text : interpolate(text, lookUp, { path: `${file.path} ${name}`, complaints }));
  }
  return own;
}

function unquoted(written: string): { readonly text: string; readonly literal: boolean } {
  const trimmed = written.trim();
  const single = /^'([^']*)'/.exec(trimmed);
  if (single !== null) return { text: single[1] ?? '', literal: true };
  const double = /^"((?:[^"\\]|\\.)*)"/.exec(trimmed);
  if (double !== null) return { text: (double[1] ?? '').replace(/\\(.)/g, escaped), literal: false };
  return { text: trimmed.replace(/(^|\s+)#.*$/, ''), literal: false };
}

function escaped(_: string, letter: string): string {
  return { n: '\n', r: '\r', t: '\t' }[letter] ?? letter;
}
