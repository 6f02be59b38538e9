import { closureOf } from '@microstax/contracts/graph-requests';
import { expect, test } from 'vitest';
import type { Session } from '../session.ts';
import { make } from './closure.ts';

const notFound = { kind: 'not found', what: 'generation 1 of "shop"', known: ['4', '5'] };

function answering(detail: unknown): Session {
  const request = async (contract: unknown) => (contract === closureOf ? notFound : detail);
  return { org: 'default', bus: { request } } as unknown as Session;
}

test('a closure of a generation that is not kept any more says so, as every other read does', async () => {
  const session = answering({ kind: 'outside retention', env: 'shop', at: 1, floor: 4 });
  await expect(make(session, { env: 'shop', at: 1, format: 'table' })).rejects.toThrow('is outside retention');
});

test('a closure of a generation that never was names those that are', async () => {
  const session = answering(notFound);
  await expect(make(session, { env: 'shop', at: 1, format: 'table' })).rejects.toThrow('known: 4, 5');
});
