import { expect, test } from 'vitest';
import type { Log } from './log.ts';
import { outageNotice } from './outage-notice.ts';

test('outageNotice() says once that something is away, once that it is back, and begins anew', () => {
  const said: string[] = [];
  const log = {
    warn: (_: object, text: string) => said.push(text),
    info: (text: string) => said.push(text),
  } as unknown as Log;
  const notice = outageNotice(log, { what: 'Redis', instead: 'this process goes on alone' });

  notice.back();
  notice.away(new Error('refused'));
  notice.away(new Error('refused'));
  notice.back();
  notice.back();
  notice.away(new Error('reset'));

  const away = 'Redis is away: this process goes on alone';
  expect(said).toEqual([away, 'Redis is back', away]);
});
