import type { JournalEntry, JournalEvent } from '@microstax/model/journal';
import type { Job } from '@microstax/model/plan';
import { expect, test } from 'vitest';
import { appliedData, type DataPlan } from './applied-data.ts';

const job = (id: string, reference: string): Job => {
  const [kind, rest = ''] = id.split(':') as ['restore' | 'seed', string?];
  return { id, kind, service: rest.split('/')[0] ?? '', reference, after: [], reason: '' };
};
const plans: Readonly<Record<string, DataPlan>> = {
  first: { wanted: 'running', jobs: [job('restore:db', 'prod/nightly'), job('seed:db/demo', 'demo@1')] },
  second: { wanted: 'running', jobs: [job('restore:db', 'prod/weekly')] },
  last: { wanted: 'deleted', jobs: [] },
};
const done = (id: string): JournalEvent => ({ type: 'done', job: id });

function journal(...events: readonly (readonly [string, JournalEvent])[]): JournalEntry[] {
  return events.map(([execution, event], index) => ({
    n: index + 1,
    execution,
    generation: 1,
    epoch: 1,
    at: 0,
    event,
  }));
}
const applied = (...events: readonly (readonly [string, JournalEvent])[]) =>
  appliedData(journal(...events), (execution) => plans[execution]);

test('appliedData() names the entry and what the plan of its execution said', () => {
  expect(
    applied(['first', done('workload:db')], ['first', done('restore:db')], ['first', done('seed:db/demo')]),
  ).toEqual([
    { service: 'db', step: 'restore', reference: 'prod/nightly', entry: 2 },
    { service: 'db', step: 'seed', reference: 'demo@1', entry: 3 },
  ]);
});

test('appliedData() forgets what was seeded before a restore, and everything with the environment', () => {
  const both = [
    ['first', done('restore:db')],
    ['first', done('seed:db/demo')],
    ['second', done('restore:db')],
  ] as const;
  expect(applied(...both)).toEqual([{ service: 'db', step: 'restore', reference: 'prod/weekly', entry: 3 }]);
  expect(applied(...both, ['last', { type: 'finished', outcome: 'ready', reason: '' }])).toEqual([]);
});

test('appliedData() knows nothing of a job whose plan is not kept', () => {
  expect(applied(['gone', done('restore:db')])).toEqual([]);
});
