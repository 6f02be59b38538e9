import type { Log } from '@microstax/service/log';
import { silentLog } from '@microstax/service/log';
import { afterEach, expect, test, vi } from 'vitest';
import { Refusals } from './refusals.ts';

afterEach(() => void vi.useRealTimers());

test('say() logs one refusal of a kind a second, with the number of the others', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const said: unknown[] = [];
  const refusals = new Refusals({ ...silentLog, warn: (fields: unknown) => void said.push(fields) } as Log);
  const web = { env: 'shop', service: 'web', port: 'http' };
  for (let index = 0; index < 5; index++) refusals.say(web, { code: 'removed', reason: 'r' });
  refusals.say(web, { code: 'no-table', reason: 'r' });
  vi.advanceTimersByTime(1_001);
  refusals.say(web, { code: 'removed', reason: 'r' });
  expect(said).toEqual([
    { ...web, code: 'removed', reason: 'r', unsaid: 0 },
    { ...web, code: 'no-table', reason: 'r', unsaid: 0 },
    { ...web, code: 'removed', reason: 'r', unsaid: 4 },
  ]);
});
