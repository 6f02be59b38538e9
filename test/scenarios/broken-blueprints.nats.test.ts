import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '@microstax/model/finding';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, baseline, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { runCli, runCliHere } from './run-cli.ts';

/** Eight Blueprints that are certainly wrong: each is told what and where, and nothing changes. */

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-broken-'));
const sound = baseline('sound', [echo('web')]);
beforeAll(async () => {
  house = await startHouse();
  expect((await house.apply('sound', asYaml(sound))).activation?.outcome).toBe('ready');
  expect(
    (await house.apply('sound-feat', asYaml(overlay('sound-feat', 'sound', [echo('web', { version: '2' })]))))
      .activation?.outcome,
  ).toBe('ready');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});

const web = '  - name: web\n    run: { command: [node, server.js] }\n';
const bomb = Array.from({ length: 12 }, (_, n) => `  l${n + 1}: &l${n + 1} [*l${n}, *l${n}, *l${n}, *l${n}, *l${n}]\n`);

/** title, file, text, code, line:column, what the reason says */
const broken: readonly (readonly [string, string, string, string, string, RegExp])[] = [
  [
    'a syntax error',
    'sound',
    'name: sound\nrouting: { mode: baseline }\nservices:\n  - name: web\n   run: x\n',
    'syntax',
    '5:1: ',
    /sequence item/,
  ],
  [
    'an unknown key',
    'sound',
    `name: sound\nrouting: { mode: baseline }\nservices:\n${web}    prots: [8080]\n`,
    'unknown-key',
    '6:5',
    /"prots"/,
  ],
  [
    'an unknown parent',
    'orphan',
    `name: orphan\nrouting:\n  mode: overlay\n  baselineId: nowhere\nservices:\n${web}`,
    'unknown-parent',
    '4:15',
    /"nowhere"/,
  ],
  [
    'a cycle in the lineage',
    'sound',
    `name: sound\nrouting: { mode: overlay, baselineId: sound-feat }\nservices:\n${web}`,
    'lineage-cycle',
    '2:39',
    /sound → sound-feat → sound/,
  ],
  [
    'a dependency on nothing',
    'loose',
    `name: loose\nservices:\n${web}    dependsOn: [web2, nothing]\n`,
    'depends-on-nothing',
    '5:23',
    /"nothing"/,
  ],
  [
    'a literal secret',
    'leaky',
    `name: leaky\nservices:\n${web}    secrets:\n      - { name: key, envKey: KEY, value: hunter2-hunter2 }\n`,
    'literal-secret',
    '6:42',
    /./,
  ],
  [
    'an alias bomb',
    'bomb',
    `name: bomb\nlabels:\n  l0: &l0 [x]\n${bomb.join('')}services: []\n`,
    'too-many-aliases',
    '6:22: ',
    /100/,
  ],
  [
    'a body of 10 MB',
    'large',
    `name: large\n# ${'x'.repeat(10 * 1024 * 1024)}\n`,
    'blueprint-too-large',
    '1:1',
    /at most 8388608/,
  ],
];

test.each(broken)(
  '%s is told precisely, ends with exit code 5 and changes nothing',
  async (_, name, text, code, position, reason) => {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, text);
    const before = await world();
    const {
      code: exitCode,
      stdout,
      stderr,
    } = await runCliHere(['apply', '-f', file, '--wait', '-o', 'json'], {
      NATS_URL: house.url,
    });
    expect(exitCode, stderr).toBe(exitCodes.invalidInput);
    const { error } = JSON.parse(stdout) as { error: { code: string; details: readonly Finding[] | null } };
    expect([error.code, ...(error.details ?? []).map((finding) => finding.code)]).toContain(code);
    const line = stderr.split('\n').find((one) => one.includes(`${file}:${position}`));
    expect(line, stderr).toMatch(reason);
    expect(stdout + stderr).not.toContain('hunter2');
    expect(await world()).toEqual(before);
  },
);

test('an unknown key is met with the one that was meant', async () => {
  const file = join(folder, 'meant.yaml');
  writeFileSync(file, `name: meant\nservices:\n${web}    prots: [8080]\n`);
  const { code, stdout, stderr } = await runCli(['apply', '-f', file], { NATS_URL: house.url });
  expect({ code, stdout }).toEqual({ code: exitCodes.invalidInput, stdout: '' });
  expect(stderr).toContain(`${file} was rejected, nothing changed; 1 finding:`);
  expect(stderr).toMatch(/meant\.yaml:5:5: .*"prots".*"ports"/);
});

test('all findings are told at once, not the first', async () => {
  const file = join(folder, 'many.yaml');
  writeFileSync(
    file,
    `name: many\nservices:\n${web}    prots: [8080]\n    dependsOn: [nothing]\n  - name: web\n    run: { command: [node] }\n`,
  );
  const { code, stderr } = await runCli(['apply', '-f', file], { NATS_URL: house.url });
  expect(code).toBe(exitCodes.invalidInput);
  for (const position of ['5:5', '6:17', '7:11']) expect(stderr).toContain(`${file}:${position}: `);
});

/** Everything that an accepted Blueprint would have moved. */
async function world(): Promise<unknown> {
  const [environments, revisions, executions] = await Promise.all([
    house.ask({ kind: 'environments' }),
    house.ask({ kind: 'revisions' }),
    house.ask({ kind: 'executions' }),
  ]);
  return { environments, revisions, executions, pids: [await house.pids('sound'), await house.pids('sound-feat')] };
}
