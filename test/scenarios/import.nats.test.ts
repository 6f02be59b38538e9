import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImportReport } from '@microstax/contracts/import-requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCliHere } from './run-cli.ts';

/** `msx import` as a person and a script meet it: the Blueprint on stdout, the report on stderr, files found by name. */

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-import-'));
beforeAll(async () => {
  house = await startHouse();
  mkdirSync(join(folder, 'shop', 'db'), { recursive: true });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});

const compose = `
include: [db/compose.yaml]
services:
  web:
    image: "acme/web:\${TAG:?which one}"
    ports: ["8080:8080"]
    env_file: [web.env, { path: local.env, required: false }]
    environment: { STORE: "store:\${STORE_PORT}", ELSEWHERE: "http://gone:80", API_TOKEN: t0psecret }
    healthcheck: { test: "wget http://localhost:8080/" }
    ulimits: { nofile: 10 }
`;
const db = 'services: { store: { image: redis, expose: [6379] } }\n';

test('import compose prints a Blueprint that can be planned, and reports edges, strangers, secrets and what was left', async () => {
  const file = write('shop/compose.yaml', compose);
  write('shop/db/compose.yaml', db);
  write('shop/web.env', 'LEVEL=info\n');
  const env = write('shop/.env', 'TAG=1.4\nSTORE_PORT=6379\n');
  const { code, stdout, stderr } = await msx('import', 'compose', file, '--env-file', env);
  expect(code, stderr).toBe(exitCodes.ok);
  expect(stdout).toMatch(/^# yaml-language-server: \$schema=.*\nname: shop\n/);
  expect(stdout).toContain('image: acme/web:1.4');
  expect(stdout).toContain('LEVEL: info');
  expect(stdout).not.toContain('t0psecret');
  expect(stderr).toMatch(/^shop from compose: 2 services, 1 edges \(0 declared, 1 inferred\), 1 dangling/m);
  expect(stderr).toMatch(/^web +store +tcp +tcp \(unknown\) +inferred +environment STORE .*compose\.yaml:8$/m);
  expect(stderr).toMatch(/^web +gone +environment ELSEWHERE/m);
  expect(stderr).toMatch(/^web +API_TOKEN +shop\/web\.API_TOKEN/m);
  expect(stderr).toMatch(/^services\.web\.ulimits +a Blueprint has no such field +.*compose\.yaml:10$/m);
  expect(stderr).not.toContain('t0psecret');

  const plan = await msx('plan', '-f', write('imported.yaml', stdout));
  expect(plan.code, plan.stderr).toBe(exitCodes.ok);
  expect(plan.stdout).toMatch(/^web +local/m);
});

test('import speaks JSON to scripts: the Blueprint with -o json, the report with --report json', async () => {
  const file = write('shop/small.yaml', 'services: { web: { image: acme/web } }\n');
  const { code, stdout, stderr } = await msx(
    'import',
    'compose',
    file,
    '-o',
    'json',
    '--report',
    'json',
    '--name',
    'mine',
  );
  expect(code).toBe(exitCodes.ok);
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'mine',
    routing: { mode: 'baseline' },
    services: [{ name: 'web' }],
  });
  expect((JSON.parse(stderr) as ImportReport).counts).toMatchObject({ services: 1, fieldsRead: 1, carried: 1 });
});

test('import as an overlay names its parent, and neither goes without the other', async () => {
  const file = write('shop/small.yaml', 'services: { web: { image: acme/web } }\n');
  const overlay = await msx('import', 'compose', file, '--mode', 'overlay', '--baseline', 'shop', '--report', 'none');
  expect(overlay).toMatchObject({ code: exitCodes.ok, stderr: '' });
  expect(overlay.stdout).toContain('  mode: overlay\n  baselineId: shop\n');
  expect(await msx('import', 'compose', file, '--mode', 'overlay')).toMatchObject({ code: exitCodes.usage });
});

test('what is wrong is said with file, line and column, and the exit code is that of invalid input', async () => {
  const file = write(
    'shop/bad.yaml',
    'services:\n  web: { image: acme/web, ports: [http] }\n  api: { extends: { file: none.yaml, service: x } }\n',
  );
  const { code, stdout, stderr } = await msx('import', 'compose', file, '-o', 'json');
  expect(code).toBe(exitCodes.invalidInput);
  expect(stderr).toContain('bad.yaml:2:35: services.web.ports.0: "http" is no port');
  expect(stderr).toMatch(/bad\.yaml:3:\d+: services\.api\.extends\.file: there is no file/);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bad-port' } });
});

test('import kubernetes takes manifests', async () => {
  const file = write(
    'app.yaml',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, namespace: site }\nspec: { template: { spec: { containers: [{ image: acme/web, ports: [{ containerPort: 80 }] }] } } }\n',
  );
  const { code, stdout, stderr } = await msx('import', 'kubernetes', file);
  expect(code, stderr).toBe(exitCodes.ok);
  expect(stdout).toContain('name: site\n');
  expect(stderr).toMatch(/^site from kubernetes: 1 services/m);
});

test('where nothing runs, import says how to start it', async () => {
  const file = write('shop/small.yaml', 'services: { web: { image: acme/web } }\n');
  const { code, stderr } = await runCliHere(['import', 'compose', file], {
    MSX_DATA: join(folder, 'none'),
    NATS_URL: '',
  });
  expect(code).toBe(exitCodes.failed);
  expect(stderr).toContain('msx up');
});

test('a form or a file that is not there is a wrong use', async () => {
  expect(await msx('import', 'helm', write('x.yaml', 'a: 1\n'))).toMatchObject({ code: exitCodes.usage });
  expect(await msx('import', 'compose', join(folder, 'none.yaml'))).toMatchObject({ code: exitCodes.usage });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function msx(...args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url, MSX_DATA: house.dataDir });
}
