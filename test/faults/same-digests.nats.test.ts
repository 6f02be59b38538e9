import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counted } from './config.ts';
import { countedBlueprints } from './counted-blueprints.ts';
import { type FaultHouse, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';
import { services, startSplitHouse } from './split-house.ts';
import { spansByTrace } from './trace-of.ts';

/** Six processes decide what one process decides, to the byte (protocol 10). */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'msx-digests-'));
  writeFileSync(join(folder, 'starts'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('digests of six processes equal those of one, and the trace has six process ids', async () => {
  await using one = await startFaultHouse();
  const together = await digestsOf(one);

  await using split = await startSplitHouse();
  const apart = await digestsOf(split.house);

  expect(apart).toEqual(together);
  for (const env of ['shop', 'feature'])
    expect(Object.keys(apart[env] ?? {})).toEqual(
      expect.arrayContaining(['revision', 'plan', 'resolution', 'approval']),
    );

  const [activation] = (await split.house.ask({ kind: 'activations', env: 'feature' })).items;
  const pids = await eventually(async () => {
    const spans = (await spansByTrace(split.house)).get(activation?.traces[0] ?? '') ?? [];
    const found = new Map(services.map((room) => [room, new Set(pidsIn(room, spans))]));
    return [...found.values()].every(({ size }) => size > 0) && found;
  });
  expect(pids).toEqual(new Map(services.map((room) => [room, new Set(split.of(room).map(({ pid }) => pid))])));
  expect(new Set([...pids.values()].flatMap((each) => [...each])).size).toBe(services.length);
  const digests = Object.values(apart).flatMap((artifacts) => Object.keys(artifacts)).length;
  counted('same digests', { digests, pids: pids.size, ...(await split.house.closeBooks()) });
});

async function digestsOf(house: FaultHouse): Promise<Record<string, Record<string, string | undefined>>> {
  const { baseline, overlay, chain, service } = countedBlueprints(join(folder, 'starts'));
  const shop = await house.activate(baseline('shop', chain()));
  const feature = await house.activate(
    overlay('feature', 'shop', [service('api', { version: '2', dependsOn: ['db'] })]),
  );
  expect([shop.outcome, feature.outcome]).toEqual(['ready', 'ready']);
  return { shop: shop.artifacts, feature: feature.artifacts };
}

function pidsIn(room: string, spans: readonly { readonly service: string; readonly pid: number | null }[]): number[] {
  return spans.flatMap(({ service, pid }) => (service === room && pid !== null ? [pid] : []));
}
