import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPrices } from '@microstax/model/facts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPolicies, readPrices } from './read-installation.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'msx-installation-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('readPolicies() reads a list in YAML and sorts it, so that its order is no change', async () => {
  const b = '- {name: b, effect: forbid, when: service.stateful, message: no copies of data}\n';
  const a = '- {name: a, effect: prefer, placement: local, microsPerHour: 5, when: "true", message: near}\n';
  const one = await readPolicies(await written('ab.yaml', a + b));
  expect(one.value.map(({ name }) => name)).toEqual(['a', 'b']);
  expect((await readPolicies(await written('ba.yaml', b + a))).digest).toBe(one.digest);
});

test.each([
  ['- {name: a, effect: allow, when: "true", message: m}', 'at "/0/effect"'],
  ['- {name: A B, effect: veto, when: "true", message: m}', 'at "/0/name"'],
  ['- {name: a, effect: prefer, when: "true", message: m}', 'at "/0/placement"'],
  ['- {name: a, effect: veto, when: "true", message: m, wehn: "x"}', 'at "/0"'],
  ['[{name: a, effect: veto, when: "1", message: m}, {name: a, effect: veto, when: "2", message: m}]', 'one name'],
  ['{', 'Cannot read'],
])('readPolicies() refuses %s', async (text, reason) => {
  await expect(readPolicies(await written('bad.yaml', text))).rejects.toThrow(reason);
});

test('readPrices() takes the default for what a table leaves out', async () => {
  const path = await written('prices.yaml', 'cpuCoreHourMicros: 31000\nsource: our contract of 2026');
  expect(await readPrices(path)).toEqual({
    ...defaultPrices,
    cpuCoreHourMicros: 31_000,
    source: 'our contract of 2026',
  });
  await expect(readPrices(await written('half.yaml', 'cpuCoreHourMicros: 0.5\nsource: x'))).rejects.toThrow(
    'at "/cpuCoreHourMicros"',
  );
  await expect(readPrices(await written('unknown.yaml', 'cpu: 5'))).rejects.toThrow(
    'unknown price "cpu": allowed are cpuCoreHourMicros, memoryGiBHourMicros',
  );
  await expect(readPrices(join(folder, 'none.yaml'))).rejects.toThrow('none.yaml" of MSX_PRICES');
});
