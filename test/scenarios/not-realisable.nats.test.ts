import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Facts } from '@microstax/model/facts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, baseline, echo, type WrittenBlueprint } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { runCliHere } from './run-cli.ts';

/** A Blueprint may say all of it; what the runtime cannot do is planned, and denies an activation. */

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-not-realisable-'));
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});

const imaged: WrittenBlueprint = baseline('imaged', [
  echo('web', { upstreams: ['api'], expose: true }),
  echo('api', { more: { init: { type: 'command', command: ['true'] } } }),
  { name: 'queue', image: 'acme/queue', resources: { cpu: 1, limits: { cpu: 1 } }, ports: ['5672/tcp'] },
]);

test('an application with images plans, with a warning for each field that nobody here acts on', async () => {
  const file = join(folder, 'imaged.yaml');
  writeFileSync(file, asYaml(imaged));
  const { code, stdout, stderr } = await runCliHere(['plan', '-f', file], { NATS_URL: house.url, NO_COLOR: '1' });
  expect(code, stderr).toBe(exitCodes.ok);
  expect(stdout).toMatch(/^queue +local/m);
  for (const field of ['image', 'resources.limits', 'init.init-1'])
    expect(stdout + stderr).toContain(`declares ${field}, and driver "process"`);
});

test('it is denied where it would be activated, with every such field, and nothing is started', async () => {
  const { activation } = await house.apply('imaged', asYaml(imaged));
  expect(activation?.outcome).toBe('denied');
  const said = activation?.findings.map(({ code, subject, evidence }) => `${code} ${subject} ${evidence?.field}`);
  expect(said).toEqual([
    'not-realisable api init.init-1',
    'not-realisable queue image',
    'not-realisable queue resources.limits',
  ]);
  expect(await house.pids('imaged')).toEqual({});
  expect((await house.artifact<Facts>('imaged', 'facts')).runtime?.driver).toBe('process');
});

test('what local processes realise is activated: probes, requests and the values of the chosen plan', async () => {
  const probe = { http: { path: '/' }, period: '1s', failures: 20 };
  const web = echo('web', { expose: true, more: { probes: { startup: probe, readiness: probe }, replicas: 1 } });
  const shop = baseline('probed', [web], {
    plan: 'slow',
    plans: { slow: { services: { web: { env: { VERSION: '7' } } } } },
  });
  const { activation } = await house.apply('probed', asYaml(shop));
  expect(activation).toMatchObject({ outcome: 'ready' });
});
