import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { GraphHands } from './graph-hands.ts';
import { MemoryStore } from './memory-store.ts';

test('the handlers of the graph go the whole way of a generation over a store alone', async () => {
  const hands = new GraphHands(new MemoryStore());
  await hands.apply(aRevision('shop', { services: [aService('web')] }));
  await hands.apply(aRevision('fix', { parent: 'shop', services: [aService('web', { env: { A: '1' } })] }));

  expect(await hands.environment('fix')).toMatchObject({ generation: 1, serving: { generation: 1 }, parent: 'shop' });
  expect(await hands.command('shop', 'stop')).toMatchObject({ kind: 'revised', generation: 2 });
  expect((await hands.realise('shop', 2)).kind).toBe('claimed');
  expect(await hands.environment('shop')).toMatchObject({ servingWanted: 'stopped' });
});
