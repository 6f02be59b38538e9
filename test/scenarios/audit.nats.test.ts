import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, baseline, echo } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCli, runCliHere } from './run-cli.ts';

/** The audit log as an auditor meets it: commands, files that are handed out, and the program that judges them. */

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-audit-'));
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  house = await startHouse();
  await house.apply('paper', asYaml(baseline('paper', [echo('web')])));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});
const here = (...args: readonly string[]): Promise<CliResult> =>
  runCliHere(['audit', ...args], { NATS_URL: house.url });
/** With no bus at all: an auditor has files. */
const auditor = (...args: readonly string[]): Promise<CliResult> => runCli(['audit', ...args], { MSX_DATA: folder });

async function kept(name: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await here(...args);
  expect(code, stderr).toBe(exitCodes.ok);
  writeFileSync(at(name), stdout);
  return at(name);
}

test('list shows who did what, with which proof', async () => {
  const { stdout } = await here('list');
  expect(stdout).toMatch(/^N +TIME +ACTOR +PROOF +VERB +SUBJECT$/m);
  expect(stdout).toMatch(/^1 +20\S+Z +local +loopback +revised +paper@1$/m);
  expect(stdout).toMatch(/^2 +20\S+Z +local +loopback +claimed +paper@1$/m);
  expect(stdout).toMatch(/^3 +20\S+Z +local +loopback +ready +paper@1$/m);
  expect(JSON.parse((await here('list', '-o', 'json')).stdout)).toMatchObject([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('verify judges the log of the graph that runs, and says that the key is its own', async () => {
  const { code, stdout, stderr } = await here('verify');
  expect(code, stderr).toBe(exitCodes.ok);
  expect(stdout).toMatch(/^verified: 3 entries and \d checkpoints? of "default"; signed by microstax\/default\n$/);
  expect(stderr).toContain('compare it with one that you were given');
});

test('an export and a proof are verified with the public key and nothing that runs', async () => {
  const key = await kept('public.pem', 'key');
  expect(readFileSync(key, 'utf8')).toBe(readFileSync(join(house.dataDir, 'audit', 'key.pub.pem'), 'utf8'));
  const whole = await kept('export.json', 'export');
  const proof = await kept('proof.json', 'prove', '2', '--since', '3', '-o', 'json');

  expect(await auditor('verify', '--file', whole, '--key', key)).toMatchObject({ code: exitCodes.ok, stderr: '' });
  expect(await auditor('verify', '--file', proof, '--key', key, '-o', 'json')).toMatchObject({
    code: exitCodes.ok,
    stdout: expect.stringContaining('"verified": true'),
  });
  const checkpoint = join(house.dataDir, 'audit', 'checkpoints', 'default', '3');
  expect((await auditor('verify', '--file', whole, '--key', key, '--checkpoint', checkpoint)).code).toBe(exitCodes.ok);

  // No secret of ours is in what is handed out.
  const secret = readFileSync(join(house.dataDir, 'audit', 'key.pem'), 'utf8').split('\n')[1] ?? '';
  expect(secret.length).toBeGreaterThan(40);
  for (const file of [whole, proof, key]) expect(readFileSync(file, 'utf8')).not.toContain(secret);
});

test('an export in which a name was changed is refused with the number of the entry', async () => {
  const whole = await kept('changed.json', 'export');
  writeFileSync(whole, readFileSync(whole, 'utf8').replace('\\"verb\\":\\"claimed\\"', '\\"verb\\":\\"invited\\"'));
  const { code, stdout, stderr } = await auditor('verify', '--file', whole);
  expect({ code, stdout }).toEqual({ code: exitCodes.failed, stdout: '' });
  expect(stderr).toMatch(/^error: Entry 2 was changed: its hash is [0-9a-f]{64}, stated is [0-9a-f]{64}\n/);
});

test('the program stands alone: a copy of it elsewhere gives the same verdict', async () => {
  const whole = await kept('alone.json', 'export');
  const program = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'audit', 'verify.mjs'), 'utf8');
  expect([...program.matchAll(/from '([^']+)'/g)].map(([, name]) => name)).toEqual([
    'node:crypto',
    'node:fs',
    'node:util',
  ]);
  writeFileSync(at('copy.mjs'), program);
  const said = execFileSync(process.execPath, [at('copy.mjs'), whole], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  expect(said).toMatch(/^verified: 3 entries/);
});

test('prove says what there is where it cannot, and shows people what it proves', async () => {
  expect(await here('prove', '99')).toMatchObject({
    code: exitCodes.notFound,
    stderr: expect.stringContaining('The audit log of "default" has no entry 99: it has 3'),
  });
  expect((await here('prove', '1', '--since', '4')).stderr).toContain('has no checkpoint of 4 entries');
  const { stdout } = await here('prove', '1');
  expect(stdout).toMatch(/^entry 1 {2}\{"actor":\{"name":"local","proof":"loopback"\},"at":\d+,/);
  expect(stdout).toMatch(/is in\n\nmicrostax\/default\n3\n/);
});
