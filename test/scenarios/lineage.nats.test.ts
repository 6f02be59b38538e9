import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '@microstax/model/digest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { oneAnswerOneOutcome } from './accounts.ts';
import { asYaml, baseline, overlay, type WrittenBlueprint, type WrittenService } from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCliHere } from './run-cli.ts';

/** Graph, lineage and difference as a person asks for them, and environments made from what is stored. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
  await ready(baseline('shop', [quiet('web', ['pay']), quiet('pay'), quiet('db')]));
  await ready(pinned('team', 'shop', [quiet('mail')]));
  await ready(overlay('feat', 'team', [quiet('pay', [], { FEE: '2' }), { name: 'db', remove: true }]));
  await ready(baseline('shop', [quiet('web', ['pay'], { SIZE: 'large' }), quiet('pay'), quiet('db')]));
  await Promise.all([house.outcome('team', 2), house.outcome('feat', 2)]); // what they lean on moved
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('msx graph shows services, owners and dependencies, as a table and as a drawing', async () => {
  const table = await msx('graph', 'feat', '--at', '1');
  expect(rows(table.stdout)).toEqual([
    ['SERVICE', 'OWNER', 'STATE', 'PLACEMENT', 'PROVIDER', 'DEPENDS ON'],
    ['mail', 'team', 'unchanged', 'inherited', 'team', '-'],
    ['pay', 'feat', 'changed', 'local', '-', '-'],
    ['web', 'shop', 'impacted', expect.any(String), expect.any(String), 'pay'],
  ]);
  expect(table.stderr).toContain('taken away from what is inherited: db');
  expect((await msx('graph', 'feat', '-o', 'mermaid')).stdout).toMatch(/^flowchart LR\n {2}subgraph n0\["feat"\]\n/);
  expect((await msx('graph', 'feat', '-o', 'dot')).stdout).toMatch(/^digraph "feat@\d+" \{/);
  expect(await json('graph', 'shop', '--at', '1')).toMatchObject({ env: 'shop', generation: 1, ancestors: [] });
});

test('msx lineage shows links with pins and offers, states and children', async () => {
  const { stdout } = await msx('lineage', 'feat');
  expect(stdout).toMatch(/^feat@\d+ {2}overlay, ready$/m);
  expect(stdout).toMatch(/^team +overlay +tracking +@\d+ [0-9a-f]{12} +the same +ready$/m);
  expect(stdout).toMatch(/^shop +baseline +pinned +@1 [0-9a-f]{12} +@2 [0-9a-f]{12} +ready$/m);
  expect((await msx('lineage', 'shop')).stdout).toMatch(/^team +pinned +@1 [0-9a-f]{12} +\d +ready$/m);
  expect(await json('lineage', 'feat', '--at', '1')).toMatchObject({
    links: [
      { env: 'team', generation: 1, state: null },
      { env: 'shop', generation: 1, offer: { generation: 1 } },
    ],
    children: null,
  });
});

test('msx diff compares two environments or generations, and ends with 6 only where it is asked to', async () => {
  const later = await msx('diff', 'shop@1', 'shop@2');
  expect(later.code, later.stderr).toBe(exitCodes.ok);
  expect(later.stdout).toMatch(/^shop@1 → shop@2 {2}1 of 3 services differ$/m);
  expect(later.stdout).toMatch(/^web +changed/m);
  expect(later.stdout).toMatch(/^ +\/env\/SIZE +behaviour +- +large$/m);
  expect((await msx('diff', 'shop@1', 'shop@2', '--exit-code')).code).toBe(exitCodes.differs);
  expect((await msx('diff', 'shop@2', 'shop', '--exit-code')).code).toBe(exitCodes.ok);
  expect(await json('diff', 'shop', 'feat', '--at', '1')).toMatchObject({
    from: { env: 'shop', generation: 1 },
    to: { env: 'feat', generation: 1 },
    services: [
      { service: 'db', change: 'removed' },
      { service: 'mail', change: 'added', owners: { after: 'team' } },
      { service: 'pay', change: 'changed', owners: { before: 'shop', after: 'feat' } },
    ],
    unchanged: 1,
  });
});

test('reads as of a generation say what stood then', async () => {
  expect(await json('status', 'shop', '--at', '1')).toMatchObject({ generation: 1, serving: { generation: 1 } });
  expect(await json('get', 'activations', 'shop', '--at', '1')).toHaveLength(1);
  expect(await json('get', 'revisions', 'shop', '--at', '1')).toHaveLength(1);
  expect((await msx('explain', 'shop', 'web', '--at', '1')).stdout).not.toContain('SIZE');
  const events = await msx('events', '--env', 'shop', '--at', '1', '-o', 'json');
  const said = events.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { activation: string });
  expect(new Set(said.map(({ activation }) => activation))).toEqual(new Set(['shop@1']));
});

test.each([
  [['get', 'environments', 'nowhere'], /environment "nowhere"; known: .*shop/, 'msx get environments'],
  [['graph', 'nowhere'], /environment "nowhere"; known: .*shop/, 'msx get environments'],
  [['lineage', 'shop', '--at', '99'], /generation 99 of "shop"; known: 1, 2/, 'msx get activations shop'],
  [['diff', 'shop', 'feat@99'], /generation 99 of "feat"/, 'msx get activations feat'],
  [['closure', 'shop', '--at', '99'], /generation 99 of "shop"/, 'msx get activations shop'],
])('what is not there ends with 3 and the command that lists what is: %s', async (args, message, next) => {
  const { code, stderr } = await msx(...args);
  expect([code, stderr]).toEqual([exitCodes.notFound, expect.stringMatching(message)]);
  expect(stderr).toContain(`next: ${next}`);
});

test('an environment rebuilt from its stored state, and from its closure, has the same revision id', async () => {
  const first = await revisionOf('feat', 1);
  await ready(overlay('feat', 'team', [quiet('pay', [], { FEE: '3' })]));
  const second = await newest('feat');
  expect(second.revision).not.toBe(first);

  const from = await apply('feat', `from: { env: feat, generation: 1 }`);
  expect(from).toMatchObject({ revision: first, source: 'from feat@1' });
  const { closure } = (await json('closure', 'feat', '--at', '1')) as { closure: { digest: Digest } };
  await apply('feat', `from: { env: feat, generation: ${second.generation} }`);
  const recreated = await apply('feat', `closure: ${closure.digest}`);
  expect(recreated).toMatchObject({ revision: first, source: `closure ${closure.digest}` });
  expect(await json('get', 'revisions', 'feat')).toMatchObject([{ source: 'blueprint' }, { source: 'blueprint' }]);

  const changed = await apply(
    'feat',
    'from: { env: feat, generation: 1 }\nchanges: { services: { pay: { env: { FEE: "9" } } } }',
  );
  expect((await msx('diff', 'feat@1', `feat@${changed.generation}`)).stdout).toMatch(/FEE +behaviour +2 +9$/m);
  await oneAnswerOneOutcome(house);
});

test('a closure that was printed recreates its environment where nobody knows it', async () => {
  const file = join(house.dataDir, 'closure.json');
  writeFileSync(file, (await msx('closure', 'shop', '--at', '1', '-o', 'json')).stdout);
  await using other = await startHouse();
  const here = (...args: readonly string[]) => runCliHere(args, { NATS_URL: other.url });
  const taken = await here('closure', '-f', file, '-o', 'name');
  expect(taken.code, taken.stderr).toBe(exitCodes.ok);
  const digest = taken.stdout.trim().replace('closure/', '');
  const { activation } = await other.apply('shop', `closure: ${digest}`);
  expect(activation).toMatchObject({ generation: 1, outcome: 'ready', source: `closure ${digest}` });
  expect(activation?.artifacts.revision).toBe(await revisionOf('shop', 1));
});

test('a copy under another name is an environment of its own, and its services are the same ones', async () => {
  const { answer } = await house.apply('shop-copy', 'from: { env: shop, generation: 1 }');
  expect(answer).toMatchObject({ kind: 'revised', generation: 1 });
  const compared = await json('diff', 'shop@1', 'shop-copy');
  expect(compared).toMatchObject({ services: [], environment: [], unchanged: 3 });
});

test('a source that is not there is rejected with what there is, and decides nothing', async () => {
  const nowhere = await house.apply('feat', 'from: { env: nowhere, generation: 1 }');
  expect(nowhere.answer).toMatchObject({ kind: 'rejected', findings: [{ code: 'unknown-source' }] });
  const never = await house.apply('feat', 'from: { env: feat, generation: 99 }');
  expect(never.answer).toMatchObject({
    kind: 'rejected',
    findings: [{ code: 'unknown-source', position: { line: 1 } }],
  });
  const closure = await house.apply('feat', `closure: sha256:${'0'.repeat(64)}`);
  expect(closure.answer).toMatchObject({ kind: 'rejected', findings: [{ code: 'unknown-source' }] });
});

/** A process that costs nothing and listens on nothing. */
function quiet(
  name: string,
  dependsOn: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): WrittenService {
  return { name, run: { command: ['sleep', '1000'] }, dependsOn, env };
}

function pinned(env: string, parent: string, services: readonly WrittenService[]): WrittenBlueprint {
  return { ...overlay(env, parent, services), routing: { mode: 'overlay', baselineId: parent, track: 'pinned' } };
}

async function ready(blueprint: WrittenBlueprint): Promise<void> {
  await apply(blueprint.name, asYaml(blueprint));
}

type Seen = { readonly generation: number; readonly revision: Digest; readonly source: string | null };

async function apply(env: string, text: string): Promise<Seen> {
  const { answer, activation } = await house.apply(env, text);
  expect(activation, JSON.stringify(answer)).toMatchObject({ outcome: 'ready' });
  return newest(env);
}

async function newest(env: string): Promise<Seen> {
  const { activation } = await house.detail(env);
  const { generation = 0, source = null, artifacts } = activation ?? {};
  return { generation, revision: artifacts?.revision ?? ('sha256:' as Digest), source };
}

async function revisionOf(env: string, at: number): Promise<Digest | undefined> {
  return (await house.detail(env, at)).activation?.artifacts.revision;
}

function msx(...args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url });
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await msx(...args, '-o', 'json');
  expect(code, stderr).toBe(exitCodes.ok);
  return JSON.parse(stdout);
}

function rows(table: string): string[][] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {3,}/).map((cell) => cell.trim()));
}
