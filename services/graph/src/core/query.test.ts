import type { Inventory, JournalEntry, JournalEvent } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';
import { expect, test } from 'vitest';
import { inventoryAt, serviceItems, submissionItems } from './query.ts';
import { claiming } from './testing/states.ts';

const entry = (n: number, generation: number, event: JournalEvent): JournalEntry => ({
  n,
  execution: `e@${generation}`,
  generation,
  epoch: generation,
  at: n,
  event,
});
const instance = (id: string) => ({
  id,
  service: id,
  runDigest: claiming.approval,
  pid: 1,
  startTime: '1',
  bootId: 'b',
  ports: {},
  epoch: 1,
});
const done = (id: string): JournalEvent => ({
  type: 'done',
  job: `workload:${id}`,
  result: { kind: 'instance', instance: instance(id) },
});

test('inventoryAt() is what executions had left when a generation’s last entry was written', () => {
  const journal = [
    entry(1, 1, done('a')),
    entry(2, 3, done('b')),
    entry(3, 3, { type: 'done', job: 'removals', result: { kind: 'removed', instances: ['a'] } }),
  ];
  const ids = (generation: number) => inventoryAt(journal, generation).instances.map(({ id }) => id);
  expect(ids(1)).toEqual(['a']);
  expect(ids(2)).toEqual(['a']); // never claimed: what stood before
  expect(ids(3)).toEqual(['b']);
});

test('submissionItems() are in the order of submissions, of one environment where asked', () => {
  const answer = (submission: string, env: string, incarnation: number, sequence: number) => ({
    submission,
    env,
    order: { incarnation, sequence },
    answer: { kind: 'outdated', newer: '' } as const,
    at: 0,
  });
  const answers = [answer('c', 'x', 2, 1), answer('b', 'y', 1, 9), answer('a', 'x', 1, 2)];
  expect(submissionItems(answers, undefined).map(({ submission }) => submission)).toEqual(['a', 'b', 'c']);
  expect(submissionItems(answers, 'x').map(({ submission }) => submission)).toEqual(['a', 'c']);
});

test('a deleted environment is reached nowhere, though its listener may be remembered', () => {
  const urlsOf = (wanted: string) =>
    serviceItems('feat', {
      plan: { wanted, placements: [{ service: 'web', kind: 'inherited' }], listeners: [] } as unknown as Plan,
      resolution: null,
      inventory: {
        instances: [],
        listeners: [{ service: 'web', port: 'http', host: '127.0.0.1', listenPort: 4000 }],
      } as unknown as Inventory,
    }).map(({ urls }) => urls);
  expect(urlsOf('running')).toEqual([{ http: 'http://127.0.0.1:4000' }]);
  expect(urlsOf('deleted')).toEqual([{}]);
});
