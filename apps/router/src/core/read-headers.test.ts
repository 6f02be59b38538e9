import { expect, test } from 'vitest';
import { readHeaders } from './read-headers.ts';

test('readHeaders() finds what the router looks at in any case, joins what comes twice, and leaves the rest', () => {
  const raw = [
    'Accept',
    'x',
    'BAGGAGE',
    'a=1',
    'baggage',
    'b=2',
    'X-Msx-Env',
    'team',
    'Content-Length',
    '5',
    'X-Other-1',
    'no',
  ];
  expect(readHeaders(raw, 'x-msx-env')).toEqual({ baggage: 'a=1, b=2', 'x-msx-env': 'team', 'content-length': '5' });
  expect(readHeaders(raw, undefined)).toEqual({ baggage: 'a=1, b=2', 'content-length': '5' });
  expect(readHeaders(['__proto__', 'x', 'Accept', 'y'], 'accept')).toEqual({ accept: 'y' });
});
