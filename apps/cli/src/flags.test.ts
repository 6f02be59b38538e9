import { afterEach, expect, test, vi } from 'vitest';
import { exitCodes } from './exit-codes.ts';
import { generationOf, orgOf, outputOf, waitTimeoutMsOf } from './flags.ts';

afterEach(() => vi.unstubAllEnvs());

test('the output flag wins over MSX_OUTPUT, which wins over the table', () => {
  expect(outputOf({})).toBe('table');
  vi.stubEnv('MSX_OUTPUT', 'yaml');
  expect(outputOf({})).toBe('yaml');
  expect(outputOf({ output: 'json' })).toBe('json');
  vi.stubEnv('MSX_OUTPUT', 'mermaid');
  expect(outputOf({}, 'table', ['mermaid'])).toBe('mermaid');
  expect(() => outputOf({})).toThrow('Cannot print as "mermaid"');
});

test('the organisation is what the flag says, else left to the environment', () => {
  expect(orgOf({ org: 'acme' })).toEqual({ org: 'acme' });
  expect(orgOf({})).toEqual({});
});

test('a generation is a whole number from 1, or not asked for', () => {
  expect(generationOf({})).toBeUndefined();
  expect(generationOf({ at: '3' })).toBe(3);
});

test('the wait ends after 300 seconds unless the flag says otherwise', () => {
  expect(waitTimeoutMsOf({})).toBe(300_000);
  expect(waitTimeoutMsOf({ waitTimeout: '2' })).toBe(2_000);
});

test.each(['0', '-1', '1.5', 'abc', '', '1e400', '9007199254740993'])(
  '%j is no number to wait for or look at',
  (value) => {
    const usage = expect.objectContaining({
      exitCode: exitCodes.usage,
      message: expect.stringMatching(/^Cannot read --/),
    });
    expect(() => generationOf({ at: value })).toThrow(usage);
    expect(() => waitTimeoutMsOf({ waitTimeout: value })).toThrow(usage);
  },
);
