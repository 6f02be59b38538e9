import { expect, test } from 'vitest';
import { textOfBytes } from './text-of-bytes.ts';

test('textOfBytes() reads ASCII and what is more than that alike, also from the middle of a buffer', () => {
  for (const text of ['', '{"plain":"ascii"}', 'ü and 日本 and 🙂']) {
    const bytes = new TextEncoder().encode(`--${text}--`);
    expect(textOfBytes(bytes.subarray(2, -2))).toBe(text);
  }
});

test('textOfBytes() refuses bytes that are no UTF-8', () => {
  expect(() => textOfBytes(new Uint8Array([0x7b, 0xff, 0x7d]))).toThrow(TypeError);
});
