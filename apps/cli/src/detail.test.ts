import type { QueryReply } from '@microstax/contracts/queries';
import { expect, test } from 'vitest';
import { missingToExplain, readDetail } from './detail.ts';
import type { Session } from './session.ts';

const answering = (reply: QueryReply): Session =>
  ({ org: 'default', bus: { request: async () => reply } }) as unknown as Session;

test('readDetail() of a generation that is not kept any more names the oldest that is', async () => {
  const session = answering({ kind: 'outside retention', env: 'shop', at: 3, floor: 12 });
  await expect(readDetail(session, 'shop', 3)).rejects.toMatchObject({
    parts: {
      code: 'outside-retention',
      message: 'Generation 3 of "shop" is outside retention: the oldest that is kept is 12',
      next: 'msx get activations shop',
      exitCode: 3,
    },
  });
});

test('readDetail() of what nobody knows names what is known', async () => {
  const session = answering({ kind: 'not found', what: 'generation 9 of "shop"', known: ['1', '2'] });
  await expect(readDetail(session, 'shop', 9)).rejects.toMatchObject({
    message: 'There is no generation 9 of "shop"; known: 1, 2',
    exitCode: 3,
  });
});

test('a job that no plan has is called a job, and those of its kind are named', () => {
  const of = (asked: string) =>
    missingToExplain('shop', asked, ['web'], ['scope', 'workload:web', 'readiness:web']).message;
  expect(of('readiness:nope')).toBe('The plan of shop has no job "readiness:nope"; it has: readiness:web');
  expect(of('odd:nope')).toBe('The plan of shop has no job "odd:nope"; it has: scope, workload:web, readiness:web');
  expect(of('nope')).toBe('shop has no service "nope"; it has: web');
});
