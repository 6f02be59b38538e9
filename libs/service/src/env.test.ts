import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  readBoolean,
  readDurationMs,
  readInteger,
  readList,
  readOptionalString,
  readString,
} from './env.ts';

describe('readString()', () => {
  test('takes the variable before the fallback, and the fallback where it is empty', () => {
    expect(readString({ NAME: ' a ' }, 'NAME', 'b')).toBe('a');
    expect(readString({ NAME: '  ' }, 'NAME', 'b')).toBe('b');
    expect(readOptionalString({}, 'NAME')).toBeUndefined();
  });

  test('names the variable that is missing', () => {
    expect(() => readString({}, 'NATS_URL')).toThrow(
      new ConfigError('Cannot read NATS_URL: it is not set; set it to any text'),
    );
  });
});

describe('readInteger()', () => {
  test('reads whole numbers within the bounds', () => {
    expect(readInteger({ PORT: '0' }, 'PORT', 1, { min: 0, max: 65_535 })).toBe(0);
    expect(readInteger({}, 'PORT', 1)).toBe(1);
  });

  for (const found of ['70000', '-1', '1.5', '1e3', 'ten', '0x10']) {
    test(`refuses ${found} and says what is allowed`, () => {
      expect(() => readInteger({ PORT: found }, 'PORT', 1, { min: 0, max: 65_535 })).toThrow(
        `Cannot read PORT: found "${found}", allowed is a whole number from 0 to 65535`,
      );
    });
  }
});

describe('readDurationMs()', () => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['15s', 15_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    ['20', 20],
  ] as const) {
    test(`reads ${text} as ${ms} ms`, () => {
      expect(readDurationMs({ WAIT: text }, 'WAIT')).toBe(ms);
    });
  }

  test('refuses what is no duration', () => {
    expect(() => readDurationMs({ WAIT: '5 minutes' }, 'WAIT', 1)).toThrow(
      'found "5 minutes", allowed is a duration such as',
    );
    expect(() => readDurationMs({ WAIT: '-5s' }, 'WAIT', 1)).toThrow(ConfigError);
  });
});

describe('readBoolean() and readList()', () => {
  test('read the usual words', () => {
    expect(readBoolean({ ON: 'Yes' }, 'ON')).toBe(true);
    expect(readBoolean({ ON: '0' }, 'ON', true)).toBe(false);
    expect(readBoolean({}, 'ON', true)).toBe(true);
    expect(() => readBoolean({ ON: 'maybe' }, 'ON')).toThrow('found "maybe"');
    expect(readList({ ITEMS: 'a, b,,c ' }, 'ITEMS')).toEqual(['a', 'b', 'c']);
    expect(readList({}, 'ITEMS', [])).toEqual([]);
  });
});
