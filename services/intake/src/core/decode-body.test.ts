import { expect, test } from 'vitest';
import { decodeBody } from './decode-body.ts';

const limits = { maxBlueprintBytes: 100 };

test('decodeBody() reads UTF-8 and leaves a byte order mark out', () => {
  expect(decodeBody(new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xa9]), limits)).toEqual({ kind: 'text', text: 'é' });
});

test('decodeBody() marks the first byte that is not UTF-8', () => {
  const body = new Uint8Array([...new TextEncoder().encode('né: 1\nab'), 0xff, 0x61]);
  expect(decodeBody(body, limits)).toMatchObject({
    kind: 'unreadable',
    findings: [{ code: 'not-utf-8', position: { line: 2, column: 3 } }],
  });
});

test('decodeBody() refuses a text that ends in the middle of a character', () => {
  expect(decodeBody(new Uint8Array([0x61, 0xc3]), limits)).toMatchObject({ findings: [{ code: 'not-utf-8' }] });
});

test('decodeBody() takes a body of exactly the limit', () => {
  expect(decodeBody(new Uint8Array(100).fill(0x61), limits).kind).toBe('text');
  expect(decodeBody(new Uint8Array(101).fill(0x61), limits).kind).toBe('unreadable');
});
