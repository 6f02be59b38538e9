import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { asYaml, baseline, chain, echo, overlay, type WrittenBlueprint } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCli, runCliHere, startCli } from './run-cli.ts';

/** The CLI as a person and a script meet it: processes, exit codes, stdout and stderr. */

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-cli-'));
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});

test('apply --wait takes files in turn, says progress on stderr and the result on stdout', async () => {
  const files = [
    fileOf(baseline('line', chain())),
    fileOf(overlay('line-feat', 'line', [echo('db', { version: '2' })])),
  ];
  const { code, stdout, stderr } = await msx('apply', '-f', files[0] ?? '', '-f', files[1] ?? '', '--wait');
  expect(stderr).toMatch(/^line: submitted .*line\.yaml as /m);
  expect(stderr).toMatch(/^line: accepted as generation 1$/m);
  expect(stderr).toMatch(/^line: waiting for workload:web/m);
  expect(stderr).toMatch(/^line-feat: about \d.*, critical path /m);
  expect(stderr).toMatch(/^line-feat: ready/m);
  expect(code).toBe(exitCodes.ok);
  expect(rows(stdout)).toEqual([
    ['ENVIRONMENT', 'ANSWER', 'GENERATION', 'OUTCOME'],
    ['line', 'revised', '1', 'ready'],
    ['line-feat', 'revised', '1', 'ready'],
  ]);
  expect(await json('apply', '-f', files[0] ?? '', '--wait')).toMatchObject([
    { env: 'line', answer: 'unchanged', generation: 1, outcome: 'ready' },
  ]);
});

test('every kind can be listed as a table and as json with as many items', async () => {
  const kinds = [
    'environments',
    'services',
    'revisions',
    'activations',
    'executions',
    'journal',
    'submissions',
    'audit',
  ];
  for (const kind of kinds) {
    const about = kind === 'audit' || kind === 'environments' ? [kind] : [kind, 'line'];
    const table = await here('get', ...about);
    expect(table.code, table.stderr).toBe(exitCodes.ok);
    const items = (await hereJson('get', ...about)) as unknown[];
    expect(table.stdout.trimEnd().split('\n').length - 1, kind).toBe(items.length);
    expect(items.length, kind).toBeGreaterThan(0);
  }
});

test('services name placement, provider, pids and URL; -o name one a line', async () => {
  const [table, items, names] = await Promise.all([
    msx('get', 'services', 'line-feat'),
    json('get', 'services', 'line-feat'),
    msx('get', 'services', 'line-feat', '-o', 'name'),
  ]);
  expect(rows(table.stdout)[0]).toEqual(['ENVIRONMENT', 'SERVICE', 'PLACEMENT', 'PROVIDER', 'PIDS', 'URL']);
  expect(items).toMatchObject([
    { service: 'api', placement: 'inherited', provider: 'line', pids: [] },
    { service: 'db', placement: 'local', pids: [expect.any(Number)] },
    { service: 'web', placement: 'inherited', provider: 'line', pids: [] },
  ]);
  expect(names.stdout).toBe('service/line-feat/api\nservice/line-feat/db\nservice/line-feat/web\n');
});

test('status, plan, explain and resolve answer people and scripts', async () => {
  const status = await msx('status', 'line-feat');
  const statusJson = await json('status', 'line-feat');
  const plan = await here('plan', 'line-feat', '-o', 'wide');
  const planJson = await hereJson('plan', 'line-feat');
  const local = await here('explain', 'line-feat', 'db');
  const inherited = await here('explain', 'line-feat', 'api');
  const explained = await hereJson('explain', 'line-feat', 'db');
  const record = await hereJson('resolve', 'line-feat', 'api');
  const records = await here('resolve', 'line-feat');
  expect(status.stdout).toMatch(/^line-feat {2}ready\n {2}mode {8}overlay of line$/m);
  expect(statusJson).toMatchObject({
    env: 'line-feat',
    state: 'ready',
    serving: { generation: 1 },
    activation: { outcome: 'ready' },
  });
  expect(plan.stdout).toMatch(/^db +local /m);
  expect(plan.stdout).toMatch(/^ {2}formula {5}\S/m);
  expect(planJson).toMatchObject({ env: 'line-feat', cost: { formula: expect.any(String) } });
  expect(plan.stdout).toMatch(/^ {2}about \d.* m?s, critical path .*readiness:db/m);
  expect(planJson).toMatchObject({ estimate: { ms: expect.any(Number), unknown: 0 } });
  expect(local.stdout).toMatch(/^db in line-feat: local\n {2}because \S/);
  expect(local.stdout).toContain('/env/VERSION');
  expect(inherited.stdout).toMatch(/^api in line-feat: inherited from line\n {2}because \S/);
  expect(explained).toMatchObject({
    service: 'db',
    placement: { kind: 'local' },
    difference: { state: 'changed' },
    record: { tier: 'local overlay' },
  });
  expect(record).toMatchObject({ service: 'api', tier: 'baseline', target: { env: 'line', service: 'api' } });
  expect(rows(records.stdout)).toEqual([
    ['SERVICE', 'TIER', 'TARGET'],
    ['api', 'baseline', 'line'],
    ['db', 'local overlay', 'line-feat'],
    ['web', 'baseline', 'line'],
  ]);
});

test('the trace of an activation is drawn with all six services, and given whole to scripts', async () => {
  const drawn = await eventually(async () => {
    const { stdout } = await msx('trace', 'line-feat@1');
    return (
      ['graph', 'intake', 'planner', 'resolver', 'runtime', 'validator'].every((service) =>
        new RegExp(`^${service} `, 'm').test(stdout),
      ) && stdout
    );
  });
  expect(drawn).toMatch(/^trace [0-9a-f]{32} {2}[\d.]+ ms, \d+ spans of cli, graph, /);
  const [{ trace = '', spans = [] } = {}] = (await json('trace', 'line-feat@1')) as {
    trace?: string;
    spans?: unknown[];
  }[];
  expect((await msx('trace', trace, '-o', 'name')).stdout).toBe(`trace/${trace}\n`);
  expect(spans.length).toBeGreaterThan(10);
});

test('events are one line each, as json one object each', async () => {
  const [lines, objects] = await Promise.all([
    msx('events', '--env', 'line-feat'),
    msx('events', '--env', 'line-feat', '-o', 'json'),
  ]);
  const events = objects.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { service: string; event: string });
  const said = events.map(({ service, event }) => `${service} ${event}`);
  for (const event of [
    'intake accepted',
    'graph revised',
    'planner drafted',
    'resolver recorded',
    'validator approved',
    'graph started',
    'graph ready',
  ])
    expect(said).toContain(event);
  expect(lines.stdout.trimEnd().split('\n')).toHaveLength(events.length);
});

test('a preview decides through all services and commits nothing', async () => {
  const file = fileOf(overlay('line-feat', 'line', [echo('api', { version: '2', upstreams: ['db'] })]));
  const before = await house.ask({ kind: 'environments' });
  const plan = await hereJson('plan', '-f', file);
  expect(plan).toMatchObject({
    env: 'line-feat',
    placements: [{ service: 'api', kind: 'local' }, { service: 'db', kind: 'inherited' }, {}],
  });
  const diff = await here('diff', '-f', file);
  expect(rows(diff.stdout).map((cells) => cells.slice(0, 4))).toEqual([
    ['SERVICE', 'CHANGE', 'BEFORE', 'AFTER'],
    ['api', 'placed anew', 'inherited from line', 'local'],
    ['db', 'placed anew', 'local', 'inherited from line'],
  ]);
  expect(diff.code).toBe(exitCodes.differs);
  const same = await here('diff', '-f', fileOf(overlay('line-feat', 'line', [echo('db', { version: '2' })])));
  expect(same.code, same.stdout).toBe(exitCodes.ok);
  const dear = await here(
    'apply',
    '--dry-run',
    '-f',
    fileOf(baseline('dear', [echo('web')], { budget: { perHour: 0.000001 } })),
  );
  expect(dear.code, dear.stderr).toBe(exitCodes.notAllowed);
  expect(await house.ask({ kind: 'environments' })).toEqual(before);
});

test('a plan is asked what if, drawn, and its jobs explained', async () => {
  type WhatIf = {
    readonly before: { readonly microsPerHour: number };
    readonly after: { readonly microsPerHour: number };
  };
  const dear = (await hereJson('plan', 'line-feat', '--what-if', 'price=cpuCoreHourMicros:80000')) as WhatIf;
  expect(dear).toMatchObject({ env: 'line-feat', changes: [], before: { local: 1 }, after: { local: 1 } });
  expect(dear.after.microsPerHour).toBeGreaterThan(dear.before.microsPerHour);
  const rule = { name: 'own-api', effect: 'require', when: 'service.name == "api"', message: 'ours' };
  const file = join(folder, 'policies.json');
  writeFileSync(file, JSON.stringify([rule]));
  const ruled = await here('plan', 'line-feat', '--what-if', `policy=${file}`);
  expect(ruled.stdout).toMatch(/^api +placed anew +inherited from line +local$/m);
  await house.apply('line-two', asYaml(baseline('line-two', chain('2'))), { wait: true });
  const moved = await here('plan', 'line-feat', '--what-if', 'parent=line-two@1');
  expect(moved.stdout, moved.stderr).toMatch(/^api +placed anew +inherited from line +inherited from line-two$/m);
  const circle = await here('plan', 'line-feat', '--what-if', 'parent=line-feat');
  expect(circle.code, circle.stdout).toBe(exitCodes.invalidInput);
  const wrong = await here('plan', 'line-feat', '--what-if', 'price=gold:1');
  expect(wrong.code, wrong.stderr).toBe(exitCodes.usage);
  const drawn = await here('plan', 'line-feat', '-o', 'mermaid');
  expect(drawn.stdout).toMatch(/^flowchart LR\n {2}subgraph box0\["line-feat"\]/);
  const job = await here('explain', 'line-feat', 'routes');
  expect(job.stdout).toMatch(/^routes of line-feat: planned\n {2}because \S.*\n {2}waits for: /);
});

test('nothing died on the way', async () => {
  expect(await hereJson('dlq', 'list')).toEqual([]);
});

test.each([
  ['an environment', ['status', 'nowhere']],
  ['a service', ['explain', 'line-feat', 'nothing']],
  ['a record', ['resolve', 'line-feat', 'nothing']],
  ['an activation', ['trace', 'line-feat@99']],
  ['a plan', ['plan', 'nowhere']],
  ['revisions', ['get', 'revisions', 'nowhere']],
  ['audit entries', ['get', 'audit', 'nobody']],
  ['something to delete', ['delete', 'nowhere']],
])('%s that is not there is exit code 3 with what is there or what to do', async (_, args) => {
  const { code, stdout, stderr } = await here(...args);
  expect(stderr).toMatch(/^error: /m);
  expect(stderr).toMatch(/^ {2}next: msx |known: |known are |it has: /m);
  expect({ code, stdout }).toEqual({ code: exitCodes.notFound, stdout: '' });
});

test('what a child holds and what costs too much is not allowed', async () => {
  const held = await msx('delete', 'line', '--wait');
  expect(held.stderr).toContain('line-feat');
  expect(held.code).toBe(exitCodes.notAllowed);
  const dear = await msx(
    'apply',
    '-f',
    fileOf(baseline('dear', [echo('web')], { budget: { perHour: 0.000001 } })),
    '--wait',
  );
  expect(dear.stderr).toMatch(/^error: dear@1 denied by the validator: \S/m);
  expect(dear.code).toBe(exitCodes.notAllowed);
});

test('a wait that ends early says that the work goes on', async () => {
  const hold = house.gates.hold('planner', (message) => message.subject.includes('.patient.'));
  const file = fileOf(baseline('patient', [echo('web')]));
  const slow = await msx('apply', '-f', file, '--wait', '--wait-timeout', '1');
  expect(slow.stderr).toContain('patient@1 has no outcome after 1 s');
  expect(slow.code).toBe(exitCodes.timeout);

  const waiting = startCli(['apply', '-f', file, '--wait'], { NATS_URL: house.url });
  await eventually(() => waiting.said().stderr.includes('is on its way'));
  waiting.child.kill('SIGINT');
  expect((await waiting.ended).code).toBe(exitCodes.interrupted);
  expect(waiting.said().stderr).toContain('it goes on\n  next: msx status patient');
  hold.release();
  expect(await house.outcome('patient', 1)).toMatchObject({ outcome: 'ready' });
});

test('a failed activation says what the program said, and how to try again', async () => {
  const file = fileOf(
    baseline('crash', [
      { ...echo('web'), run: { command: ['node', '-e', "console.error('no database'); process.exit(3)"] } },
    ]),
  );
  const { code, stderr } = await msx('apply', '-f', file, '--wait');
  expect(stderr).toMatch(/^error: crash@1 failed by the runtime: .*no database/m);
  expect(stderr).toContain('next: msx retry crash --wait');
  expect(code).toBe(exitCodes.failed);
});

test('a bus that is not there is a failure that names it', async () => {
  const { code, stderr } = await runCli(['status'], { NATS_URL: 'nats://127.0.0.1:1' });
  expect(stderr).toMatch(/^error: Cannot reach the bus at nats:\/\/127\.0\.0\.1:1/);
  expect(code).toBe(exitCodes.failed);
});

test('delete takes an environment away and says so', async () => {
  const { code, stdout } = await msx('delete', 'line-feat', '--wait');
  expect({ code, stdout }).toEqual({ code: exitCodes.ok, stdout: 'environment/line-feat delete done, generation 2\n' });
  expect(await json('get', 'environments', 'line-feat')).toMatchObject([{ state: 'deleted', wanted: 'deleted' }]);
  expect(await json('delete', 'line', '--wait')).toEqual({
    env: 'line',
    verb: 'delete',
    answer: 'revised',
    generation: 2,
    waited: true,
  });
});

function msx(...args: readonly string[]): Promise<CliResult> {
  return runCli(args, { NATS_URL: house.url });
}

/** In this process: quicker, where a process of its own says no more. */
function here(...args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url });
}

async function json(...args: readonly string[]): Promise<unknown> {
  return parsed(await msx(...args, '-o', 'json'));
}

async function hereJson(...args: readonly string[]): Promise<unknown> {
  return parsed(await here(...args, '-o', 'json'));
}

function parsed({ code, stdout, stderr }: CliResult): unknown {
  expect(code, stderr).toBe(exitCodes.ok);
  return JSON.parse(stdout);
}

function rows(table: string): string[][] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {3,}/).map((cell) => cell.trim()));
}

function fileOf(blueprint: WrittenBlueprint): string {
  const file = join(folder, `${blueprint.name}.yaml`);
  writeFileSync(file, asYaml(blueprint));
  return file;
}
