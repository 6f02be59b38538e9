import type { EnvironmentStatus } from '@microstax/model/status';
import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { awaitVerdict } from './await-verdict.ts';

const status: EnvironmentStatus = {
  org: 'default',
  env: 'shop',
  mode: 'baseline',
  parent: null,
  state: 'activating',
  wanted: 'running',
  generation: 1,
  stage: 'claimed',
  journalLength: 3,
  epoch: 1,
  head: null,
  target: null,
  serving: null,
  servingWanted: null,
  outcome: null,
  reason: 'web crashed',
  local: null,
  services: null,
  trace: null,
  updatedAt: 0,
};
const serving = { generation: 1, revision: 'sha256:0' } as const;
const ask = (draft: Partial<EnvironmentStatus>) => awaitVerdict('shop', { ...status, ...draft });

test('awaitVerdict() waits for a provider that is unknown or on its way', () => {
  expect(awaitVerdict('shop', undefined)).toEqual({ kind: 'waiting' });
  given({}).when(ask).then({ kind: 'waiting' });
});

test('awaitVerdict() is ready once the provider serves, also while its newest activation failed', () => {
  given({ serving }).when(ask).then({ kind: 'ready' });
  given({ serving, outcome: 'failed' as const })
    .when(ask)
    .then({ kind: 'ready' });
});

test('awaitVerdict() waits for a provider that is resumed, and gives up on one whose resumption failed', () => {
  const resuming = { serving, servingWanted: 'stopped' as const, generation: 3 };
  given(resuming).when(ask).then({ kind: 'waiting' });
  given({ ...resuming, outcome: 'failed' as const })
    .when(ask)
    .thenMatches({ kind: 'hopeless' });
});

test('awaitVerdict() gives up on a provider that ended badly and serves nothing, with its reason', () => {
  given({ outcome: 'denied' as const })
    .when(ask)
    .then({
      kind: 'hopeless',
      reason: 'provider "shop" serves nothing and its newest activation is denied: web crashed',
    });
});

test('awaitVerdict() gives up on a stopped or deleted provider, whatever it served', () => {
  given({ serving, state: 'stopped' as const })
    .when(ask)
    .thenMatches({ kind: 'hopeless' });
  given({ serving, wanted: 'deleted' as const })
    .when(ask)
    .thenMatches({ kind: 'hopeless' });
});

test('awaitVerdict() says of a provider that sleeps that it has to be woken, and waits while it wakes', () => {
  const asleep = { serving, servingWanted: 'asleep' } as const;
  given({ ...asleep, wanted: 'asleep' as const, outcome: 'ready' as const })
    .when(ask)
    .then({ kind: 'asleep' });
  given(asleep).when(ask).then({ kind: 'waiting' });
  given({ ...asleep, outcome: 'failed' as const })
    .when(ask)
    .thenMatches({ kind: 'hopeless' });
});
