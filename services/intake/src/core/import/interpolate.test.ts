// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are what is filled in
import { expect, test } from 'vitest';
import { Complaints } from './complaints.ts';
import { readEnvFile } from './env-file.ts';
import { interpolate } from './interpolate.ts';
import { Sources } from './sources.ts';

const values: Readonly<Record<string, string>> = { A: 'a', EMPTY: '' };

function fill(text: string): { text: string; codes: string[]; variables: readonly string[] } {
  const complaints = new Complaints();
  const known = {
    get: (name: string) => {
      const value = values[name];
      return value === undefined ? undefined : { text: value, at: 0, variables: [] };
    },
  };
  const written = interpolate({ text, at: 0, variables: [] }, known, { path: 'p', complaints });
  return {
    text: written.text,
    variables: written.variables,
    codes: complaints.findings(new Sources()).map(({ code }) => code),
  };
}

test.each([
  ['$A and ${A}', 'a and a'],
  ['$$A and $${A}', '$A and ${A}'],
  ['${NONE:-x}', 'x'],
  ['${NONE-x}', 'x'],
  ['${EMPTY:-x}', 'x'],
  ['${EMPTY-x}', ''],
  ['${A:+x}', 'x'],
  ['${EMPTY:+x}', ''],
  ['${EMPTY+x}', 'x'],
  ['${NONE+x}', ''],
  ['${NONE:-${ALSO:-${A}}}', 'a'],
  ['${A:?must}', 'a'],
  ['${EMPTY?must}', ''],
  ['${NONE:-a}b}', 'ab}'],
])('interpolate() fills in %s', (text, filled) => {
  expect(fill(text)).toMatchObject({ text: filled, codes: [] });
});

test.each([
  ['${NONE:?must}', 'variable-required'],
  ['${EMPTY:?must}', 'variable-required'],
  ['${NONE}', 'variable-unset'],
  ['$NONE', 'variable-unset'],
  ['${A', 'bad-interpolation'],
  ['${1}', 'bad-interpolation'],
  ['5 $', 'bad-interpolation'],
])('interpolate() complains of %s as %s', (text, code) => {
  expect(fill(text).codes).toEqual([code]);
});

test('an env file is read as Compose reads it, and what a value is made of is kept', () => {
  const complaints = new Complaints();
  const text = [
    '# a comment',
    'export HOST=db',
    'PORT=5432 # the usual',
    "LITERAL='${HOST} # stays'",
    'QUOTED="two\\nlines of ${HOST}"',
    'ADDR=${HOST}:${PORT}',
    'HASH=a#b',
    'EMPTY=',
    'FROM_SHELL',
    '',
    'not a line',
  ].join('\n');
  const read = readEnvFile({ path: '.env', text }, { get: () => undefined }, { sources: new Sources(), complaints });
  expect([...read].map(([name, value]) => `${name}=${value.text}`)).toEqual([
    'HOST=db',
    'PORT=5432',
    'LITERAL=${HOST} # stays',
    'QUOTED=two\nlines of db',
    'ADDR=db:5432',
    'HASH=a#b',
    'EMPTY=',
  ]);
  expect(read.get('ADDR')?.variables).toEqual(['HOST', 'PORT']);
  expect(complaints.findings(new Sources())).toMatchObject([{ code: 'bad-env-line' }]);
});
