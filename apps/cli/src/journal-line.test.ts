import type { Digest } from '@microstax/model/digest';
import type { JournalEvent } from '@microstax/model/journal';
import { expect, test } from 'vitest';
import { describeEvent } from './journal-line.ts';

const digest = `sha256:${'0'.repeat(64)}` as Digest;
const owner = { host: 'box', pid: 7, startTime: '1', bootId: 'b' };
const instance = {
  id: 'web-1',
  service: 'web',
  runDigest: digest,
  pid: 99,
  startTime: '1',
  bootId: 'b',
  ports: {},
  epoch: 1,
};

test.each<[JournalEvent, string, string]>([
  [{ type: 'claimed', owner, plan: digest }, 'claimed', 'by box/7'],
  [{ type: 'taken over', owner, reason: 'the owner is dead' }, 'taken over', 'by box/7: the owner is dead'],
  [{ type: 'bound', actions: { scope: 'create', a: 'keep', b: 'create' } }, 'bound', '2 create, 1 keep'],
  [
    { type: 'intended', job: 'workload:web', action: 'create', idempotencyKey: digest },
    'workload:web intended',
    'create',
  ],
  [{ type: 'done', job: 'workload:web', result: { kind: 'instance', instance } }, 'workload:web done', 'pid 99'],
  [{ type: 'done', job: 'scope', result: { kind: 'listeners', listeners: [] } }, 'scope done', '0 listeners'],
  [{ type: 'done', job: 'routes', result: { kind: 'routes', revision: 4 } }, 'routes done', 'table revision 4'],
  [
    { type: 'done', job: 'removals', result: { kind: 'removed', instances: ['a', 'b'] } },
    'removals done',
    '2 instances',
  ],
  [{ type: 'done', job: 'readiness:web' }, 'readiness:web done', ''],
  [{ type: 'done', job: 'secret:web', reason: 'kept' }, 'secret:web done', 'kept'],
  [{ type: 'failed', job: 'workload:web', reason: 'no such program' }, 'workload:web failed', 'no such program'],
  [{ type: 'unknown', job: 'workload:web', reason: 'no answer' }, 'workload:web unknown', 'no answer'],
  [
    { type: 'lost', instance: 'web-1', service: 'web', orderly: true, reason: 'msx up ended' },
    'web-1 lost',
    'msx up ended',
  ],
  [{ type: 'finished', outcome: 'ready', reason: 'as wanted' }, 'finished ready', 'as wanted'],
])('a journal event reads as a person would say it: %j', (event, what, reason) => {
  expect(describeEvent(event)).toEqual({ what, reason });
});
