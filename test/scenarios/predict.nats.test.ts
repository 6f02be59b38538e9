import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, baseline, chain, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { runCliHere } from './run-cli.ts';

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-predict-'));
beforeAll(async () => {
  house = await startHouse();
  await house.apply('line', asYaml(baseline('line', chain())), { wait: true });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});

const msx = (...args: readonly string[]) => runCliHere(args, { NATS_URL: house.session.url });
const json = async (...args: readonly string[]) => JSON.parse((await msx(...args, '-o', 'json')).stdout) as unknown;

test('changed files predict an overlay, its plan confirms it, and the next prediction knows', async () => {
  const predicted = await msx(
    'predict',
    'line',
    '--overlay',
    'line-feat',
    '--changed',
    'services/db/q.sql',
    'README.md',
  );
  expect(predicted.code, predicted.stderr).toBe(exitCodes.ok);
  expect(predicted.stdout).toMatch(/^db +80 % +services\/db\/q\.sql has a folder that is called like it$/m);
  expect(predicted.stdout).toContain('no hint in: README.md');
  expect(predicted.stdout).toMatch(
    /^Provisional plan {2}1 of 3 services here\nSERVICE +WHY\ndb +predicted to change$/m,
  );
  expect(predicted.stderr).toContain('kept as prediction 1 of line-feat');
  expect((await msx('predict', '--stats')).stdout).toContain('waits for a plan');

  await house.apply('line-feat', asYaml(overlay('line-feat', 'line', [echo('db', { version: '2' })])), { wait: true });

  const stats = await msx('predict', '--stats');
  expect(stats.stdout).toMatch(/^line-feat +1 +db +confirmed by generation 1 +1 +0 +0$/m);
  expect(stats.stdout).toContain(
    '1 of 1 prediction confirmed; 100 % of what was predicted ran here, 100 % of what ran here was predicted',
  );
  expect(await json('predict', 'line', '--changed', 'README.md')).toMatchObject({
    services: [
      { service: 'db', percent: 50, signals: [{ kind: 'history', text: '1 of 1 changes of README.md changed it' }] },
    ],
    local: ['db'],
    kept: null,
  });
});

test('a file that nobody applied is predicted from too, and nothing of it is kept', async () => {
  const file = join(folder, 'new.yaml');
  writeFileSync(file, asYaml(baseline('new', chain())));
  expect(await json('predict', '-f', file, '--changed', 'api/x.ts')).toMatchObject({
    env: 'new',
    local: ['api'],
    kept: null,
  });
});

test.each([
  [['predict', 'line', '--changed'], exitCodes.usage],
  [['predict', 'line'], exitCodes.usage],
  [['predict', '--changed', 'a'], exitCodes.usage],
  [['predict', 'line', '--changed', 'a', '--overlay', 'A/b'], exitCodes.usage],
  [['predict', 'nowhere', '--changed', 'a'], exitCodes.notFound],
])('%j is a mistake that is said', async (args, code) => {
  const result = await msx(...args);
  expect(result.code, result.stderr).toBe(code);
  expect(result.stderr).not.toBe('');
});
