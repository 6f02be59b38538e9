import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { digestOf } from '@microstax/model/digest';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { composeEnvironment } from './composition.ts';
import { differenceOf } from './difference.ts';
import { derivedGraph } from './effective-graph.ts';

const derivation = digestOf('derivation', 'test');
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const shop = aRevision('shop', {
  services: Array.from({ length: 50 }, (_, index) => aService(`s${index}`, { dependsOn: [`s${index + 1}`] })),
});

/** Derives an overlay as the graph does, and lets go of it. */
function deriveOnce(parent: EffectiveGraph, index: number): WeakRef<object>[] {
  const own = aRevision(`over-${index}`, { parent: 'shop', services: [aService('s7', { env: { N: String(index) } })] });
  const target = derivedGraph(parent, own);
  const difference = differenceOf({ env: own.env, parent, target, own, derivation });
  const lineage = [{ env: 'shop', revision: shop, effective: parent }];
  const { env, mode } = own;
  const composition = composeEnvironment({ env, mode, lineage, own, effective: target, outside: [], derivation });
  return [own, target, difference, composition].map((made) => new WeakRef(made));
}

test('what is computed for an overlay is kept no longer than the overlay, while its baseline stays', async () => {
  const parent = derivedGraph(null, shop);
  const made = Array.from({ length: 20 }, (_, index) => deriveOnce(parent, index)).flat();
  for (let turns = 0; turns < 20 && made.some((one) => one.deref() !== undefined); turns++) {
    await setImmediate();
    collect();
  }
  expect(made.filter((one) => one.deref() !== undefined)).toHaveLength(0);
  expect(derivedGraph(null, shop)).toBe(parent);
});
