import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { interrupted, reportError } from './report-error.ts';

const said = { out: '', err: '' };

beforeEach(() => {
  said.out = '';
  said.err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.err += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const table: readonly [keyof typeof exitCodes, number][] = [
  ['ok', 0],
  ['failed', 1],
  ['usage', 2],
  ['notFound', 3],
  ['notAllowed', 4],
  ['invalidInput', 5],
  ['differs', 6],
  ['timeout', 124],
  ['interrupted', 130],
];

test.each(table)('exit code %s is %i, and an error that says so ends with it', (name, code) => {
  expect(exitCodes[name]).toBe(code);
  expect(reportError(new CliError({ code: 'x', message: 'so it is', exitCode: exitCodes[name] }), [])).toBe(code);
});

test('the table has no other exit code', () => {
  expect(Object.keys(exitCodes)).toEqual(table.map(([name]) => name));
});

test('an error says sentence, next step and trace on stderr and nothing on stdout', () => {
  const error = new CliError({ code: 'x', message: 'Cannot do it', next: 'msx status', trace: 'abc' });
  expect(reportError(error, ['status'])).toBe(exitCodes.failed);
  expect(said).toEqual({ out: '', err: 'error: Cannot do it\n  next: msx status\n  trace: msx trace abc\n' });
});

test.each([['-o', 'json'], ['--output', 'json'], ['--output=json'], ['-ojson']])(
  '%s %s makes it an object for scripts',
  (...flags) => {
    reportError(new CliError({ code: 'x', message: 'Cannot do it', details: [1] }), flags);
    expect(JSON.parse(said.out)).toEqual({
      error: { code: 'x', message: 'Cannot do it', next: null, trace: null, details: [1] },
    });
  },
);

test('what nobody foresaw is reported as a failure by its message, without a stack', () => {
  expect(reportError(new Error('boom\u001b[2J'), [])).toBe(exitCodes.failed);
  expect(said.err).toBe('error: boom\ufffd[2J\n');
});

test('Ctrl-C while waiting says that the work goes on', () => {
  expect(interrupted('the activation of shop', 'msx status shop')).toMatchObject({
    exitCode: exitCodes.interrupted,
    message: 'Stopped waiting for the activation of shop; it goes on',
  });
});
