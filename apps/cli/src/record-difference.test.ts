import type { ResolvedRecord } from '@microstax/model/resolution';
import { expect, test } from 'vitest';
import { recordDifference } from './record-difference.ts';

function record(service: string, env: string | null): ResolvedRecord {
  return {
    env: 'feat',
    service,
    identity: `svc-${service}`,
    tier: env === null ? 'denied' : env === 'feat' ? 'local overlay' : 'baseline',
    target: env === null ? null : { env, service },
    ...(env === null ? { code: 'removed' } : {}),
    ports: [],
    tried: [],
  };
}

test('recordDifference() says of every service of either generation what became of it, and which members differ', () => {
  const before = [record('api', 'shop'), record('db', 'shop'), record('old', 'shop'), record('web', 'shop')];
  const after = [record('api', 'feat'), record('db', 'shop'), record('new', 'feat'), record('web', null)];
  expect(recordDifference(before, after).map(({ service, change, fields }) => [service, change, fields])).toEqual([
    ['api', 'changed', ['target', 'tier']],
    ['db', 'unchanged', []],
    ['new', 'added', []],
    ['old', 'removed', []],
    ['web', 'changed', ['code', 'target', 'tier']],
  ]);
});
