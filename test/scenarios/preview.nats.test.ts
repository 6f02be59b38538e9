import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headerNames } from '@microstax/contracts/header-names';
import { filters, parseSubject } from '@microstax/contracts/subjects';
import { buckets, durables, streams } from '@microstax/contracts/topology';
import type { Plan } from '@microstax/model/plan';
import { eventually } from '@microstax/testkit/eventually';
import { processesWith } from '@microstax/testkit/processes';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { previewBlueprint } from '../../apps/cli/src/preview.ts';
import { oneAnswerOneOutcome } from './accounts.ts';
import { asYaml, baseline, echo, overlay, type WrittenBlueprint, type WrittenService } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCliHere } from './run-cli.ts';

/** What would be decided is decided by the services themselves, and leaves nothing behind (protocol 30). */

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'msx-preview-'));
beforeAll(async () => {
  house = await startHouse();
  await ready(shop('1'));
  await ready(feature('1'));
});
afterEach(() => house.gates.releaseAll());
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house?.[Symbol.asyncDispose]();
});

test('plan -f of a known and of a new environment says what apply would do, and changes nothing', async () => {
  const before = await everything();
  const changed = feature('2');
  const plan = await msx('plan', '-f', fileOf(changed), '-o', 'json');
  expect(plan.code, plan.stderr).toBe(exitCodes.ok);
  const fresh = await msx('plan', '-f', fileOf(overlay('fresh', 'shop', [echo('extra')])));
  expect(fresh.stdout).toMatch(/^fresh \(preview\) {2}wanted running$/m);
  expect(fresh.stdout).toMatch(/^extra +local/m);
  expect(fresh.code, fresh.stderr).toBe(exitCodes.ok);
  const dry = await msx('apply', '--dry-run', '-f', fileOf(changed));
  expect(dry).toMatchObject({ code: exitCodes.ok, stdout: expect.stringContaining('1 of 2 services local') });
  const json = await msx('apply', '--dry-run', '-f', fileOf(changed), '-f', fileOf(shop('2')), '-o', 'json');
  expect(JSON.parse(json.stdout)).toEqual([
    { env: 'shop-feat', dryRun: true, verdict: 'approved', local: 1, services: 2 },
    { env: 'shop', dryRun: true, verdict: 'approved', local: 2, services: 2 },
  ]);
  expect(await everything()).toEqual(before);

  await ready(changed);
  // How long it takes is said beside the plan, outside its digest.
  const { estimate, ...printed } = JSON.parse(plan.stdout);
  expect(estimate).toBeDefined();
  expect(printed).toEqual(await house.artifact<Plan>('shop-feat', 'plan'));
  await oneAnswerOneOutcome(house);
});

test.each([
  ['rejected', exitCodes.invalidInput, () => ({ ...shop('2'), servces: [] }), /would be rejected:\n.*servces/s],
  ['rejected', exitCodes.invalidInput, () => overlay('lost', 'nowhere', []), /would be rejected:\n.*parent "nowhere"/s],
  ['refused', exitCodes.invalidInput, () => overlay('copy', 'shop', [books('2')]), /would be refused:\n.*"require"/s],
  [
    'denied',
    exitCodes.notAllowed,
    () => feature('1', { budget: { perHour: 0.000001 } }),
    /would be denied:\n.*budget/s,
  ],
])('a preview that is %s ends with exit code %i and says why, and changes nothing', async (_, code, draft, why) => {
  const before = await everything();
  const file = fileOf(draft());
  for (const args of [['plan'], ['diff'], ['apply', '--dry-run']]) {
    const result = await msx(...args, '-f', file);
    expect([args[0], result.code, result.stderr]).toEqual([args[0], code, expect.stringMatching(why)]);
  }
  expect(await everything()).toEqual(before);
});

test('diff compares with what stands: 6 where it differs, 0 where nothing would change', async () => {
  const same = await msx('diff', '-f', fileOf(feature('2')));
  expect(same, same.stderr).toMatchObject({ code: exitCodes.ok });
  const other = await msx('diff', '-f', fileOf(feature('3')), '-o', 'json');
  expect(other.code, other.stderr).toBe(exitCodes.differs);
  expect(JSON.parse(other.stdout)).toMatchObject([
    { service: 'books', change: 'unchanged' },
    { service: 'web', change: 'changed' },
  ]);
  // No service differs, and all the same apply would make a new generation of it.
  const budget = await msx('diff', '-f', fileOf(feature('2', { budget: { perHour: 10 } })));
  expect(budget.code, budget.stderr).toBe(exitCodes.differs);
  expect(budget.stderr).toContain('no service of shop-feat changes');

  const denied = feature('4', { budget: { perHour: 0.000001 } });
  expect((await house.apply('shop-feat', asYaml(denied))).activation?.outcome).toBe('denied');
  // What was denied does not stand, so nothing of what serves would change.
  expect((await msx('diff', '-f', fileOf(feature('2')))).code).toBe(exitCodes.ok);
  expect((await msx('diff', '-f', fileOf(feature('4')))).code).toBe(exitCodes.differs);

  const crashing = { ...echo('web'), run: { command: ['node', '-e', 'process.exit(3)'] } };
  const never = baseline('never', [crashing]);
  expect((await house.apply('never', asYaml(never))).activation?.outcome).toBe('failed');
  expect((await msx('diff', '-f', fileOf(never))).stdout).toMatch(/^web +added/m);

  await house.command('stop', 'shop-feat');
  const stopped = await msx('diff', '-f', fileOf(feature('2')));
  expect(stopped.stdout).toMatch(/^web +placed anew +inherited from shop +local/m);
  expect(stopped.code).toBe(exitCodes.differs);
  await oneAnswerOneOutcome(house);
});

test('previews while the environment is being changed disturb nothing and are told what would be', async () => {
  const claim = house.gates.hold('runtime', ({ subject }) => {
    const about = parseSubject(subject);
    return about?.kind === 'event' && about.env === 'busy' && about.last === 'approved';
  });
  const slow = (version: string): WrittenBlueprint =>
    baseline('busy', [{ ...echo('web', { version, expose: true }), run: { command: ['sleep', '1000'] } }]);
  await house.apply('busy', asYaml(slow('1')), { wait: false });
  await claim.reached;
  expect(await planned(slow('2'))).toMatchObject({ env: 'busy', placements: [{ service: 'web', kind: 'local' }] });
  claim.release();
  await eventually(async () => (await house.status('busy'))?.reason === 'waits for "web" to be ready');
  const [jobs, pids] = [await everything(), processesWith(house.dataDir)];
  expect(await planned(slow('3'))).toMatchObject({ env: 'busy' });
  expect(await planned(baseline('busy', [echo('web'), echo('api')]))).toMatchObject({ env: 'busy' });
  expect([await everything(), processesWith(house.dataDir)]).toEqual([jobs, pids]);

  const quick = (version: string): WrittenBlueprint => baseline('busy', [echo('web', { version, expose: true })]);
  const versions = ['4', '5', '6', '7'];
  const previews = Promise.all(
    Array.from({ length: 12 }, (_, n) => preview(quick(`p${n}`), n % 3 === 0 ? 'shop-feat' : 'busy')),
  );
  for (const version of versions) await house.apply('busy', asYaml(quick(version)), { wait: false });
  await previews;
  expect(await house.outcome('busy', 5)).toMatchObject({ outcome: 'ready' });
  expect(await house.status('busy')).toMatchObject({ state: 'ready', generation: 5, serving: { generation: 5 } });
  const { submissions } = await oneAnswerOneOutcome(house);
  expect((await house.ask({ kind: 'submissions' }))?.items.length).toBe(submissions.length);
});

test('a preview too large for one message is decided all the same', async () => {
  const before = await everything();
  const many = Array.from({ length: 300 }, (_, n) => echo(`service-${n}`, { env: { TEXT: 'x'.repeat(400) } }));
  const plan = await planned(baseline('large', many));
  expect(plan.placements).toHaveLength(300);
  expect(await everything()).toEqual(before);
});

test('what a preview says is marked as one, and neither recorded nor claimed', async () => {
  const executions = await house.ask({ kind: 'executions' });
  await planned(feature('9'));
  const said = (
    await house.bus.read(streams.events.name, { filter: filters.eventsAbout('default', 'shop-feat') })
  ).filter((event) => event.header(headerNames.purpose) === 'preview');
  const words = said
    .slice(-5)
    .map(({ subject }) => subject.split('.').filter((_, index) => index === 2 || index === 5));
  expect(words.map((word) => word.join(' '))).toEqual([
    'intake accepted',
    'graph revised',
    'planner drafted',
    'resolver recorded',
    'validator approved',
  ]);
  for (const event of said.slice(-4))
    expect(JSON.parse(Buffer.from(event.body).toString('utf8'))).toMatchObject({
      generation: 0,
      activation: expect.stringMatching(/^shop-feat@preview-/),
    });
  expect(await house.ask({ kind: 'executions' })).toEqual(executions);
  await oneAnswerOneOutcome(house);
});

function books(version: string): WrittenService {
  return echo('books', { version, more: { sharing: { inherit: 'require' } } });
}

function shop(version: string): WrittenBlueprint {
  return baseline('shop', [echo('web', { version, upstreams: ['books'], expose: true }), books('1')]);
}

function feature(version: string, more: Readonly<Record<string, unknown>> = {}): WrittenBlueprint {
  const web = echo('web', { version: `feature ${version}`, upstreams: ['books'], expose: true });
  return overlay('shop-feat', 'shop', [web], more);
}

/** All that is stored, served and running, once every message is handled. */
async function everything(): Promise<unknown> {
  await eventually(async () => {
    const states = await Promise.all(Object.values(durables).map((durable) => house.bus.durableState(durable)));
    return states.every((state) => state !== undefined && state.pending + state.unsettled === 0);
  });
  const environments = await house.ask({ kind: 'environments' });
  const names = environments?.items.map(({ env }) => env) ?? [];
  const routes = await house.bus.bucket(buckets.routes);
  return {
    environments,
    revisions: await house.ask({ kind: 'revisions' }),
    submissions: await house.ask({ kind: 'submissions' }),
    executions: await house.ask({ kind: 'executions' }),
    audit: await house.ask({ kind: 'audit' }),
    activations: await Promise.all(names.map((env) => house.ask({ kind: 'activations', env }))),
    journals: await Promise.all(names.map((env) => house.ask({ kind: 'journal', env }))),
    routes: await Promise.all((await routes.keys()).toSorted().map((key) => routes.get(key))),
    processes: processesWith(house.dataDir),
  };
}

async function planned(blueprint: WrittenBlueprint): Promise<Plan> {
  const { code, stdout, stderr } = await msx('plan', '-f', fileOf(blueprint), '-o', 'json');
  expect(code, stderr).toBe(exitCodes.ok);
  return JSON.parse(stdout) as Plan;
}

/** Many at once; the command line borrows stdout, so it is for one at a time. */
async function preview(blueprint: WrittenBlueprint, env: string): Promise<void> {
  const bytes = Buffer.from(asYaml(env === 'busy' ? blueprint : feature('p')));
  const { verdict, plan } = await previewBlueprint(house.session, { file: `${env}.yaml`, bytes, env });
  expect([verdict, plan?.env]).toEqual(['approved', env]);
}

let files = 0;
function fileOf(blueprint: WrittenBlueprint): string {
  const file = join(folder, `${blueprint.name}-${files++}.yaml`);
  writeFileSync(file, asYaml(blueprint));
  return file;
}

async function msx(...args: readonly string[]): Promise<CliResult> {
  process.exitCode = undefined;
  try {
    return await runCliHere(args, { NATS_URL: house.url, NO_COLOR: '1' });
  } finally {
    process.exitCode = undefined;
  }
}

async function ready(blueprint: WrittenBlueprint): Promise<void> {
  const { answer, activation } = await house.apply(blueprint.name, asYaml(blueprint));
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'revised' });
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
