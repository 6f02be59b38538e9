import { expect, test } from 'vitest';
import { planRefused } from './plan-refused.ts';
import { readEvent } from './read-event.ts';

const refused = {
  org: 'default',
  env: 'shop',
  generation: 1,
  activation: 'shop@1',
  submission: null,
  findings: [{ severity: 'error', code: 'contradiction', subject: 'web', reason: 'it must and cannot' }],
  bundle: {},
};
const subject = planRefused.subject({ org: 'default', env: 'shop' });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('readEvent() reads what its contract describes', () => {
  expect(readEvent(planRefused, { subject, body: bytes(JSON.stringify(refused)) })).toEqual({
    kind: 'read',
    event: refused,
  });
});

test.each([
  ['no JSON', '{', /its body is no JSON/],
  ['bytes that are no text', '\u0000', /its body is no JSON/],
  ['another shape', JSON.stringify({ ...refused, findings: [] }), /findings/],
  ['an unknown member', JSON.stringify({ ...refused, more: 1 }), /more/],
  ['another environment', JSON.stringify({ ...refused, env: 'other' }), /its body belongs to "[^"]*\.other\.refused"/],
])('readEvent() says why it cannot read %s', (_, text, reason) => {
  const read = readEvent(planRefused, { subject, body: bytes(text) });
  expect(read.kind).toBe('unreadable');
  expect(read.kind === 'unreadable' && read.reason).toMatch(reason);
  expect(read.kind === 'unreadable' && read.reason).not.toContain('\n');
});
