import { aRevision, aService } from '@microstax/testkit/blueprints';
import { beforeAll, expect, test } from 'vitest';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';

const hands = new GraphHands(new MemoryStore());
beforeAll(async () => {
  const services = [aService('web', { dependsOn: ['pay'] }), aService('pay'), aService('db')];
  await hands.apply(aRevision('shop', { services }));
  await hands.apply(aRevision('team', { parent: { env: 'shop', link: 'pinned' }, removes: ['db'] }));
  await hands.apply(aRevision('feat', { parent: 'team', services: [aService('pay', { env: { FEE: '2' } })] }));
  await hands.apply(aRevision('shop', { services: services.slice(0, 2) }));
});

test('a graph says of each service whose it is, what it is against the parent, and what it depends on', async () => {
  expect(await hands.ask({ kind: 'graph', env: 'feat' })).toMatchObject({
    kind: 'graph',
    item: {
      env: 'feat',
      generation: 1,
      mode: 'overlay',
      ancestors: ['team', 'shop'],
      services: [
        { name: 'pay', owner: 'feat', state: 'changed' },
        { name: 'web', owner: 'shop', state: 'impacted', dependsOn: [{ service: 'pay', kind: 'calls' }] },
      ],
      removed: [],
    },
  });
  expect(await hands.ask({ kind: 'graph', env: 'team' })).toMatchObject({ item: { removed: ['db'] } });
});

test('a lineage says how each link is, what was read and what was offered, and who derives from it', async () => {
  const lineage = await hands.ask({ kind: 'lineage', env: 'feat' });
  expect(lineage).toMatchObject({
    item: {
      links: [
        { env: 'team', link: 'tracking', generation: 1, mode: 'overlay', state: 'ready' },
        { env: 'shop', link: 'pinned', generation: 1, offer: { generation: 1 }, state: 'ready' },
      ],
      children: [],
    },
  });
  expect(await hands.ask({ kind: 'lineage', env: 'shop' })).toMatchObject({
    item: { links: [], children: [{ env: 'team', link: 'pinned', parent: { env: 'shop', generation: 1 } }] },
  });
});

test('a difference is asked of two generations, of one environment or of two', async () => {
  const later = await hands.ask({ kind: 'difference', env: 'shop', at: 1, to: { env: 'shop', at: 2 } });
  expect(later).toMatchObject({
    item: {
      from: { env: 'shop', generation: 1 },
      to: { env: 'shop', generation: 2 },
      services: [{ service: 'db', change: 'removed' }],
      unchanged: 2,
    },
  });
  expect(await hands.ask({ kind: 'difference', env: 'shop', to: { env: 'feat' } })).toMatchObject({
    item: { services: [{ service: 'pay', change: 'changed', owners: { before: 'shop', after: 'feat' } }] },
  });
});

test.each([
  ['environment "nowhere"', { kind: 'graph', env: 'nowhere' }],
  ['environment "nowhere"', { kind: 'difference', env: 'shop', to: { env: 'nowhere' } }],
  ['generation 9 of "shop"', { kind: 'lineage', env: 'shop', at: 9 }],
  ['generation 9 of "shop"', { kind: 'difference', env: 'feat', to: { env: 'shop', at: 9 } }],
] as const)('what is not there is told with what is: %s', async (what, query) => {
  expect(await hands.ask(query)).toMatchObject({ kind: 'not found', what });
});
