import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oneAnswerOneOutcome } from './accounts.ts';
import { asYaml, baseline, overlay, type WrittenBlueprint, type WrittenService } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** A parent moves under children that preview first what that would make of them (decision 15). */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('a child that previews first stays as it is, says the verdict, and follows on retry', async () => {
  await ready(baseline('shop', [quiet('web', '1'), quiet('api', '1')]));
  await ready(previewing('feat', 'shop', [quiet('api', 'feat')]));
  await ready(overlay('other', 'shop', [quiet('api', 'other')]));
  await ready(baseline('shop', [quiet('web', '2'), quiet('api', '1')]));
  expect(await house.outcome('other', 2)).toMatchObject({ outcome: 'ready', cause: { kind: 'parent moved' } });

  await reasonIs('feat', /parent moved: shop@2, preview approved; msx retry feat to take it$/);
  expect(await house.status('feat')).toMatchObject({ state: 'ready', generation: 1, serving: { generation: 1 } });
  expect((await house.ask({ kind: 'activations', env: 'feat' }))?.items).toHaveLength(1);
  expect((await house.ask({ kind: 'environments', env: 'feat', at: 1 }))?.items[0]?.reason).not.toContain('preview');

  const { activation } = await house.command('retry', 'feat');
  expect(activation).toMatchObject({ generation: 2, outcome: 'ready' });
  expect((await house.ask({ kind: 'lineage', env: 'feat' }))?.item.links).toMatchObject([
    { env: 'shop', generation: 2 },
  ]);
  expect((await house.status('feat'))?.reason).not.toContain('preview');
  await oneAnswerOneOutcome(house);
});

test('a parent that moves on is previewed anew, and one that comes back leaves nothing to take', async () => {
  await ready(baseline('line', [quiet('web', '1')]));
  await ready(previewing('line-feat', 'line', [quiet('mail', '1')]));
  await ready(baseline('line', [quiet('web', '2')]));
  await reasonIs('line-feat', /line@2, preview approved/);
  await ready(baseline('line', [quiet('web', '3')]));
  await reasonIs('line-feat', /line@3, preview approved/);
  await ready(baseline('line', [quiet('web', '1')]));
  await eventually(async () => !(await house.status('line-feat'))?.reason.includes('preview'), {
    message: 'nothing is left to take',
  });
  expect(await house.status('line-feat')).toMatchObject({ state: 'ready', generation: 1 });
});

test('a preview that is refused says why, and nothing that serves is touched', async () => {
  const books = (version: string) => ({ ...quiet('books', version), sharing: { inherit: 'require' } });
  await ready(baseline('board', [quiet('web', '1'), books('1')]));
  const pinned = previewing('board-pin', 'board', [quiet('web', '7')]);
  await ready({ ...pinned, routing: { ...(pinned.routing as object), track: 'pinned' } });
  const pids = await house.pids('board-pin');
  await ready(baseline('board', [quiet('web', '1'), books('2')]));
  await reasonIs('board-pin', /board@2, preview refused, .*pinned spec is not what "board" offers/);
  expect(await house.status('board-pin')).toMatchObject({ state: 'ready', generation: 1 });
  expect(await house.pids('board-pin')).toEqual(pids);
});

/** A process that costs nothing and listens on nothing. */
function quiet(name: string, version: string): WrittenService {
  return { name, run: { command: ['sleep', '1000'] }, env: { VERSION: version } };
}

function previewing(env: string, parent: string, services: readonly WrittenService[]): WrittenBlueprint {
  return {
    ...overlay(env, parent, services),
    routing: { mode: 'overlay', baselineId: parent, parentMoved: 'preview' },
  };
}

async function reasonIs(env: string, wanted: RegExp): Promise<void> {
  await eventually(async () => wanted.test((await house.status(env))?.reason ?? ''), {
    message: `the reason of ${env} is ${wanted}`,
  });
}

async function ready(blueprint: WrittenBlueprint): Promise<void> {
  const { answer, activation } = await house.apply(blueprint.name, asYaml(blueprint));
  expect(activation, JSON.stringify(answer)).toMatchObject({ outcome: 'ready' });
}
