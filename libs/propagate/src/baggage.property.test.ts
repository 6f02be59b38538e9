import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  baggageBytesMax,
  baggageMembersMax,
  baggageValue,
  formatBaggage,
  parseBaggage,
  withBaggageValue,
} from './baggage.ts';
import { readContext } from './context.ts';
import { tracestateValue } from './tracestate.ts';

/** A parser that knows nothing of ours: one character after the other, by the letter of the standard. */
function naive(header: string): { key: string; value: string; text: string }[] {
  const members: { key: string; value: string; text: string }[] = [];
  for (const raw of header.split(',')) {
    let from = 0;
    let to = raw.length;
    while (from < to && (raw[from] === ' ' || raw[from] === '\t')) from += 1;
    while (to > from && (raw[to - 1] === ' ' || raw[to - 1] === '\t')) to -= 1;
    const text = raw.slice(from, to);
    const parts = text.split(';').map((part) => part.replace(/^[ \t]*/, '').replace(/[ \t]*$/, ''));
    const [pair = '', ...properties] = parts;
    if (!isPair(pair, true) || !properties.every((one) => one === '' || isPair(one, false))) continue;
    const at = pair.indexOf('=');
    members.push({ key: pair.slice(0, at).trimEnd(), value: pair.slice(at + 1).trimStart(), text });
  }
  return members;
}

function isPair(text: string, needsValue: boolean): boolean {
  const at = text.indexOf('=');
  if (at < 0 && needsValue) return false;
  const key = (at < 0 ? text : text.slice(0, at)).replace(/[ \t]*$/, '');
  const value = at < 0 ? '' : text.slice(at + 1).replace(/^[ \t]*/, '');
  if (key === '') return false;
  for (const char of key) if (!"!#$%&'*+-.^_`|~".includes(char) && !/[0-9A-Za-z]/.test(char)) return false;
  for (const char of value) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x21 || code > 0x7e || '",;\\'.includes(char)) return false;
  }
  return true;
}

const noise = fc.string({ unit: fc.constantFrom(...'ab=;, \t%41"\\é!~'), maxLength: 12 });
const member = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('user=7', 'a = 1 ; p = 2', 'k=%C3%BC;secure', 's=a=b', 'x=', '\ty=1 ', 'z=1;'),
  },
  { weight: 1, arbitrary: fc.constantFrom('msx-env=one', ' msx-env = two ;p', 'msx-env=%E0%A4%A', 'msx-env=a%0D') },
  { weight: 2, arbitrary: noise },
);
const header = fc.array(member, { maxLength: 80 }).map((members) => members.join(','));

describe('against a naive parser', () => {
  test('members, their values and their bytes are the same', () => {
    fc.assert(
      fc.property(header, (text) => {
        expect(parseBaggage(text)).toEqual(naive(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('setting a key leaves every other member in its order and byte for byte, within the limits', () => {
    const check = (text: string): void => {
      const others = naive(text).filter(({ key }) => key !== 'msx-env');
      const written = formatBaggage(withBaggageValue(parseBaggage(text), 'msx-env', 'new')) ?? '';
      const [first, ...rest] = written.split(',');
      expect(first).toBe('msx-env=new');
      // Nothing here is near the limit of bytes.
      expect(rest).toEqual(others.slice(0, baggageMembersMax - 1).map((one) => one.text));
    };
    fc.assert(fc.property(header, check), { numRuns: 2_000 });
  });

  test('what is written never exceeds the limits, and is read back as it was written', () => {
    const long = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.nat(9_000)), { maxLength: 100 });
    const check = (members: [string, number][]): void => {
      const text = members.map(([key, length]) => `${key}=${'v'.repeat(length)}`).join(',');
      const written = formatBaggage(withBaggageValue(parseBaggage(text), 'msx-env', 'new')) ?? '';
      expect(written.length).toBeLessThanOrEqual(baggageBytesMax);
      expect(written.split(',').length).toBeLessThanOrEqual(baggageMembersMax);
      expect(formatBaggage(parseBaggage(written))).toBe(written);
    };
    fc.assert(fc.property(long, check), { numRuns: 100 });
  });

  test('any value that is set is read back', () => {
    const check = (value: string): void => {
      const written = formatBaggage(withBaggageValue([], 'k', value)) ?? '';
      expect(baggageValue(parseBaggage(written), 'k')).toBe(value);
    };
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), check), { numRuns: 1_000 });
  });

  test('nothing that arrives in a header makes reading a context throw, or names what is no name', () => {
    const anything = fc.oneof(
      header,
      fc.string({ unit: 'binary' }),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.constant(undefined),
    );
    const check = (
      baggage: string | string[] | undefined,
      plain: string | string[] | undefined,
      state: string,
    ): void => {
      const { env } = readContext({ baggage, 'x-msx-env': plain, tracestate: state });
      expect(env ?? 'none').toMatch(/^[A-Za-z0-9._~-]{1,128}$/);
    };
    fc.assert(fc.property(anything, anything, fc.string({ unit: 'binary' }), check), { numRuns: 300 });
  });
});

describe('tracestateValue()', () => {
  test('finds a member, takes the first of duplicates, and passes over what is malformed', () => {
    expect(tracestateValue('v=1, msx-env=one ,msx-env=two', 'msx-env')).toBe('one');
    expect(tracestateValue('msx-env=', 'msx-env')).toBeUndefined();
    expect(tracestateValue('msx-env=a=b', 'msx-env')).toBeUndefined();
    expect(tracestateValue(`msx-env=${'x'.repeat(257)}`, 'msx-env')).toBeUndefined();
    expect(tracestateValue('other=1', 'msx-env')).toBeUndefined();
  });

  test('a list of more than 32 members is malformed as a whole; empty ones do not count', () => {
    const members = (count: number): string => Array.from({ length: count }, (_, at) => `k${at}=1`).join(',');
    expect(tracestateValue(`msx-env=one,${members(31)},,`, 'msx-env')).toBe('one');
    expect(tracestateValue(`msx-env=one,${members(32)}`, 'msx-env')).toBeUndefined();
  });
});
