import type { Digest } from '@microstax/model/digest';
import type { InstanceRecord, JournalEntry, JournalEvent } from '@microstax/model/journal';
import { expect, test } from 'vitest';
import { learntDurations } from './learnt-durations.ts';

const run = 'sha256:a1' as Digest;
const instance = { id: 'a-1', service: 'a', runDigest: run } as InstanceRecord;
const intended = (job: string, action: 'create' | 'keep' = 'create'): JournalEvent => ({
  type: 'intended',
  job,
  action,
  idempotencyKey: run,
});
const done = (job: string): JournalEvent => ({
  type: 'done',
  job,
  ...(job === 'workload:a' ? { result: { kind: 'instance', instance } } : {}),
});

function journal(execution: string, ...entries: readonly (readonly [number, JournalEvent])[]): JournalEntry[] {
  return entries.map(([at, event], index) => ({ n: index + 1, execution, generation: 1, epoch: 1, at, event }));
}

test('learntDurations() is the median of what a thing took from its intent to its outcome', () => {
  const times = [100, 900, 200].flatMap((ms, index) =>
    journal(
      `e-${index}`,
      [0, intended('workload:a')],
      [ms, done('workload:a')],
      [ms, intended('readiness:a')],
      [ms + 5, done('readiness:a')],
    ),
  );
  expect(learntDurations([times])).toEqual([
    { kind: 'readiness', service: 'a', runDigest: run, ms: 5, runs: 3 },
    { kind: 'workload', service: 'a', runDigest: run, ms: 200, runs: 3 },
  ]);
});

test('learntDurations() takes an act for as long as it took, however early it was intended', () => {
  const entries = journal(
    'e',
    [0, intended('workload:a')],
    [0, intended('readiness:a')],
    [300, { ...done('workload:a'), tookMs: 200 } as JournalEvent],
    [300, { ...done('readiness:a'), tookMs: 90 } as JournalEvent],
  );
  expect(learntDurations([entries])).toMatchObject([
    { kind: 'readiness', ms: 90 },
    { kind: 'workload', ms: 200 },
  ]);
});

test('learntDurations() learns nothing from what was kept, failed, or done while nobody watched', () => {
  const owner = { host: 'h', pid: 1, startTime: '1', bootId: 'b' };
  const entries = journal(
    'e-1',
    [0, intended('workload:a', 'keep')],
    [9, done('workload:a')],
    [10, intended('routes')],
    [11, { type: 'taken over', owner, reason: 'silent' }],
    [900, done('routes')],
    [901, intended('removals')],
    [902, { type: 'failed', job: 'removals', reason: 'no' }],
  );
  expect(learntDurations([entries])).toEqual([]);
});

test('learntDurations() keeps the newest five times, over all environments', () => {
  const old = journal(
    'e-1',
    ...[1, 2, 3].flatMap((at) => [[at, intended('routes')] as const, [at + 500, done('routes')] as const]),
  );
  const recent = [1, 2, 3, 4, 5].flatMap((at) =>
    journal(`f-${at}`, [10_000 * at, intended('routes')], [10_000 * at + 10, done('routes')]),
  );
  expect(learntDurations([old, recent])).toEqual([{ kind: 'routes', service: null, runDigest: null, ms: 10, runs: 5 }]);
});

test('learntDurations() knows that what needs no intent takes no time, unless it is a process that goes on', () => {
  const entries = journal('e', [5, done('await:shop/web')], [5, done('workload:a')], [6, done('removals')]);
  expect(learntDurations([entries])).toMatchObject([
    { kind: 'await', service: 'web', ms: 0 },
    { kind: 'removals', ms: 0 },
  ]);
});

test('learntDurations() knows an awaited provider by its service', () => {
  expect(learntDurations([journal('e', [0, intended('await:shop/web')], [7, done('await:shop/web')])])).toMatchObject([
    { kind: 'await', service: 'web', ms: 7 },
  ]);
});
