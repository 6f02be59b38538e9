import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exitCodes } from './exit-codes.ts';
import { runProgram } from './program.ts';

const commands = [
  'up',
  'apply',
  'get',
  'status',
  'plan',
  'explain',
  'resolve',
  'artifacts',
  'trace',
  'events',
  'logs',
  'snapshot',
  'seed',
  'sweep',
  'stop',
  'resume',
  'sleep',
  'wake',
  'scale',
  'retry',
  'delete',
  'diff',
  'graph',
  'lineage',
  'closure',
  'dlq',
  'audit',
  'import',
];
const folder = mkdtempSync(join(tmpdir(), 'msx-program-'));
const shop = join(import.meta.dirname, '..', '..', '..', 'examples', 'storefront', 'baseline.yaml');
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
  vi.stubEnv('NATS_URL', '');
  vi.stubEnv('MSX_DATA', folder);
  vi.stubEnv('MSX_OUTPUT', '');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the help lists every command and ends with exit code 0', async () => {
  expect(await runProgram(['--help'])).toBe(exitCodes.ok);
  for (const command of commands) expect(said.out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  expect(said.out).toContain('Example:\n  $ msx up');
});

test.each(commands)('msx %s --help has an example of that command', async (command) => {
  expect(await runProgram([command, '--help'])).toBe(exitCodes.ok);
  expect(said.out).toMatch(new RegExp(`Example:\\n  \\$ msx ${command} \\S`));
});

test.each([
  ['plan', 'yaml, name or mermaid'],
  ['graph', 'mermaid or dot'],
])('msx %s --help names its drawings', async (command, drawings) => {
  expect(await runProgram([command, '--help'])).toBe(exitCodes.ok);
  expect(said.out.replaceAll(/\s+/g, ' ')).toContain(drawings);
});

test('the version is printed alone', async () => {
  expect(await runProgram(['--version'])).toBe(exitCodes.ok);
  expect(said.out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  ['an unknown command', ['aply']],
  ['an unknown flag', ['status', '--fast']],
  ['a missing argument', ['explain', 'shop']],
  ['a missing file', ['apply']],
  ['one environment to compare', ['diff', 'shop']],
  ['environments and a file to compare', ['diff', 'shop', 'feat', '-f', 'x.yaml']],
  ['a generation that is none', ['diff', 'shop@0', 'feat']],
  ['no closure', ['closure']],
  ['a file that is not there', ['apply', '-f', join(folder, 'nowhere.yaml')]],
  ['a closure that is not there', ['closure', '-f', join(folder, 'nowhere.json')]],
  ['policies that are not there', ['plan', 'shop', '--what-if', `policy=${join(folder, 'nowhere.yaml')}`]],
  ['a price that nobody knows', ['plan', 'shop', '--what-if', 'price=cpu:1']],
  ['an import of an unknown form', ['import', 'helm', join(folder, 'nowhere.yaml')]],
  ['a time to wait that is none', ['apply', '-f', shop, '--wait-timeout', 'soon']],
  ['a time to wait for a verb that is none', ['delete', 'shop', '--wait', '--wait-timeout', '0']],
  ['a time to wait for a dead letter that is none', ['dlq', 'retry', '1', '--wait-timeout', 'soon']],
  ['an unknown format of what would have changed something', ['delete', 'shop', '-o', 'csv']],
  ['an environment and a file to plan', ['plan', 'shop', '-f', shop]],
  ['an unknown format', ['status', '-o', 'csv']],
  ['a drawing that a plan is not', ['plan', 'shop', '-o', 'dot']],
  ['an unknown kind', ['get', 'pods']],
  ['a generation that is no number', ['plan', 'shop', '--at', 'last']],
  ['a name that is no environment', ['delete', '../shop']],
  ['an unknown thing to do with the audit log', ['audit', 'shred']],
  ['a proof of nothing', ['audit', 'prove']],
  ['an entry where none is wanted', ['audit', 'list', '3']],
  ['an export that is not there', ['audit', 'verify', '--file', join(folder, 'nowhere.json')]],
  ['an unknown thing to do with a snapshot', ['snapshot', 'shred', 'shop']],
  ['a snapshot of a path', ['snapshot', 'create', '../shop']],
  ['a snapshot without its environment', ['snapshot', 'show', 'nightly']],
  ['a seed of two versions', ['seed', 'show', 'a@1@2']],
  ['a seed run against nothing', ['seed', 'run', 'a@1']],
  ['a log of a name that is a path', ['logs', '../..', 'web']],
])('%s is a mistake in usage', async (_, argv) => {
  expect(await runProgram(argv)).toBe(exitCodes.usage);
  expect(said.out).toBe('');
  expect(said.err).toMatch(/^error: /);
});

test('no command at all prints the help as an error in usage', async () => {
  expect(await runProgram([])).toBe(exitCodes.usage);
  expect(said.err).toContain('Usage: msx');
});

test('an import says first that its form is unknown, and where the environment of --what-if stands is said', async () => {
  await runProgram(['import', 'helm', join(folder, 'nowhere.yaml')]);
  expect(said.err).toContain('allowed are compose and kubernetes');
  await runProgram(['plan', '--what-if', 'price=startMicros:1', 'shop']);
  expect(said.err).toContain('the environment stands before --what-if');
});

test('nothing that runs is a failure that says how to start it', async () => {
  expect(await runProgram(['status'])).toBe(exitCodes.failed);
  expect(said.err).toContain(`Nothing runs: NATS_URL is not set and there is no ${folder}/up.json\n  next: msx up`);
});

test('with -o json an error is an object on stdout and a sentence on stderr', async () => {
  expect(await runProgram(['status', '-o', 'json'])).toBe(exitCodes.failed);
  expect(JSON.parse(said.out)).toEqual({
    error: {
      code: 'not-up',
      message: expect.stringContaining('Nothing runs'),
      next: expect.stringContaining('msx up'),
      trace: null,
      details: null,
    },
  });
  expect(said.err).toMatch(/^error: Nothing runs/);
});

test('a log that is not there is not found', async () => {
  expect(await runProgram(['logs', 'shop', 'web'])).toBe(exitCodes.notFound);
  expect(said.err).toContain('next: msx explain shop web');
});

test('the log of a service is not that of another one whose name begins like it', async () => {
  const logs = join(folder, 'logs', 'shop');
  mkdirSync(logs, { recursive: true });
  writeFileSync(join(logs, 'mail-out-64d5e0f33474-1.log'), 'of mail-out\n');
  expect(await runProgram(['logs', 'shop', 'mail'])).toBe(exitCodes.notFound);
  expect(await runProgram(['logs', 'shop', 'mail-out'])).toBe(exitCodes.ok);
  expect(said.out).toBe('of mail-out\n');
});

test('a file that cannot be a Blueprint is invalid input before a bus is needed', async () => {
  const file = join(folder, 'large.yaml');
  writeFileSync(file, Buffer.alloc(10 * 1024 * 1024, 'a'));
  expect(await runProgram(['apply', '-f', file])).toBe(exitCodes.invalidInput);
  expect(said.err).toContain('at most 8388608 are allowed');
});

test('apply -f - waits for who writes later', () => {
  const main = join(import.meta.dirname, '..', 'main.ts');
  const late = `(sleep 1; echo 'name: Not_A_Name') | "$0" "$1" apply -f -`;
  const { stderr } = spawnSync('sh', ['-c', late, process.execPath, main], { encoding: 'utf8' });
  expect(stderr).toContain('-: name "Not_A_Name" is not allowed');
});

test('apply -f - reads standard input', () => {
  const main = join(import.meta.dirname, '..', 'main.ts');
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, 'apply', '-f', '-'], {
    input: 'name: Not_A_Name\n',
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: exitCodes.invalidInput, stdout: '' });
  expect(stderr).toContain('-: name "Not_A_Name" is not allowed');
});
