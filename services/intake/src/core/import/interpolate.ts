import { quote } from '../quote.ts';
import type { Complaints } from './complaints.ts';
import type { WrittenText } from './written-text.ts';

export type Variables = { get(name: string): WrittenText | undefined };
type About = { readonly path: string; readonly complaints: Complaints };

const depthMax = 16;

/**
 * Fills in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`, `${NAME:+other}`,
 * `${NAME+other}` and `$$`, defaults inside of defaults included. A variable without a value is empty, and said.
 */
export function interpolate(written: WrittenText, known: Variables, about: About): WrittenText {
  const used = new Set<string>(written.variables);
  const state = { unset: written.unset ?? false };
  const text = fill(written.text, 0);
  return { text, at: written.at, variables: [...used], ...(state.unset ? { unset: true } : {}) };

  function fill(source: string, depth: number): string {
    let out = '';
    for (let at = 0; at < source.length; ) {
      const dollar = source.indexOf('$', at);
      if (dollar === -1) return out + source.slice(at);
      out += source.slice(at, dollar);
      const next = source[dollar + 1];
      if (next === '$') {
        out += '$';
        at = dollar + 2;
      } else if (next === '{') {
        const end = closing(source, dollar + 2);
        if (end === -1 || depth > depthMax) {
          bad('a "${" is not closed');
          return out;
        }
        out += braced(source.slice(dollar + 2, end), depth);
        at = end + 1;
      } else {
        const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(source.slice(dollar + 1))?.[0];
        if (name === undefined) {
          bad('a "$" stands before nothing that is a name; write "$$" for a dollar');
          out += '$';
          at = dollar + 1;
        } else {
          out += lookUp(name) ?? absent(name);
          at = dollar + 1 + name.length;
        }
      }
    }
    return out;
  }

  function braced(inner: string, depth: number): string {
    const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([\s\S]*))?$/.exec(inner);
    if (parts === null) {
      bad(`what stands in "\${…}" is no variable`);
      return '';
    }
    const [, name = '', operator, word = ''] = parts;
    const value = lookUp(name);
    const has = value !== undefined && !(operator?.startsWith(':') && value === '');
    switch (operator?.at(-1)) {
      case '-':
        return has ? (value ?? '') : fill(word, depth + 1);
      case '+':
        return has ? fill(word, depth + 1) : '';
      case '?':
        if (has) return value ?? '';
        about.complaints.add({
          code: 'variable-required',
          path: about.path,
          at: written.at,
          reason: `variable ${quote(name)} has no value, and the file says that it must`,
          next: `set ${name} in an env file and give it with --env-file`,
        });
        return '';
      default:
        return value ?? absent(name);
    }
  }

  function lookUp(name: string): string | undefined {
    const found = known.get(name);
    used.add(name);
    for (const inner of found?.variables ?? []) used.add(inner);
    return found?.text;
  }

  function absent(name: string): string {
    state.unset = true;
    about.complaints.add({
      severity: 'warning',
      code: 'variable-unset',
      path: about.path,
      at: written.at,
      reason: `variable ${quote(name)} has no value, so an empty text stands in its place`,
      next: `set ${name} in an env file and give it with --env-file`,
    });
    return '';
  }

  function bad(reason: string): void {
    about.complaints.add({ code: 'bad-interpolation', path: about.path, at: written.at, reason });
  }
}

/** The offset of the brace that closes the one before `from`, inner `${…}` skipped; -1 where there is none. */
function closing(source: string, from: number): number {
  let open = 1;
  for (let at = from; at < source.length; at++) {
    if (source[at] === '$' && source[at + 1] === '{') {
      open += 1;
      at += 1;
    } else if (source[at] === '}' && --open === 0) return at;
  }
  return -1;
}
