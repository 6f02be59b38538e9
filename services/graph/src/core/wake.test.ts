import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { EnvironmentDocument } from './documents.ts';
import { again, born, now, serving } from './testing/states.ts';
import { wakeUp } from './wake.ts';

const known = born(aRevision('base', { services: [aService('web')] }));
const waking = { org: 'default', env: 'base', traceparent: null, now };
const wake = (draft: Partial<EnvironmentDocument>, outcome: 'ready' | 'failed' | null = 'ready') => {
  const state = again(serving(known, draft));
  const newest = state.newest && { ...state.newest, outcome, reason: 'web ended' };
  const { wanted = 'running' } = draft;
  const newestDerivation = state.newestDerivation && { ...state.newestDerivation, wanted };
  return wakeUp(waking, { ...state, newest, newestDerivation });
};

test('wakeUp() derives what sleeps again, wanted running, with cause wake-up', () => {
  const { reply, decision } = wake({ wanted: 'asleep', servingWanted: 'asleep' });
  expect(reply).toEqual({ kind: 'waking', generation: 2 });
  expect(decision).toMatchObject({ activation: { wanted: 'running', cause: { kind: 'wake-up' }, submission: null } });
});

test('wakeUp() says of a wake-up that is on its way, or failed, how far it has come, and derives nothing', () => {
  const woken = { wanted: 'running', servingWanted: 'asleep' } as const;
  expect(wake(woken, null)).toMatchObject({ reply: { kind: 'waking', generation: 1 }, changes: { puts: [] } });
  expect(wake(woken, 'failed')).toMatchObject({
    reply: { kind: 'failed', reason: 'web ended' },
    changes: { puts: [] },
  });
  expect(wake({ wanted: 'running', servingWanted: 'running' }, 'failed').reply).toEqual({ kind: 'awake' });
});

test('wakeUp() never wakes what is stopped, deleted or unknown', () => {
  for (const wanted of ['stopped', 'deleted'] as const)
    expect(wake({ wanted, servingWanted: wanted })).toMatchObject({ reply: { kind: 'not wanted', wanted } });
  expect(wakeUp(waking, null).reply).toEqual({ kind: 'unknown' });
});
