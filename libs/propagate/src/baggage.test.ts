import { describe, expect, test } from 'vitest';
import {
  baggageBytesMax,
  baggageMembersMax,
  baggageValue,
  formatBaggage,
  parseBaggage,
  withBaggageValue,
} from './baggage.ts';

describe('parseBaggage()', () => {
  test('keeps foreign members, their encoding and their properties', () => {
    const header = 'user=J%C3%BCrgen;ttl=5;secure,msx-env=feature-x,session=a=b';
    expect(formatBaggage(parseBaggage(header))).toBe(header);
    expect(parseBaggage(header)[0]).toEqual({
      key: 'user',
      value: 'J%C3%BCrgen',
      text: 'user=J%C3%BCrgen;ttl=5;secure',
    });
  });

  test('takes optional white space around members away, and leaves that within them', () => {
    expect(formatBaggage(parseBaggage(' a = 1 ; p = 2 ,\tb=2 '))).toBe('a = 1 ; p = 2,b=2');
    expect(parseBaggage(' a = 1 ; p = 2 ')).toMatchObject([{ key: 'a', value: '1' }]);
  });

  for (const bad of ['novalue', '=1', 'a b=1', 'a="1"', 'a=1 2', 'a=ü', 'a=1;b c', 'a=1\\2', '']) {
    test(`drops the member ${JSON.stringify(bad)} and keeps its neighbours`, () => {
      expect(formatBaggage(parseBaggage(`x=1,${bad},y=2`))).toBe('x=1,y=2');
    });
  }

  test('drops what exceeds the limits of the standard when it is written, and reads a member wherever it stands', () => {
    const many = Array.from({ length: 100 }, (_, index) => `k${index}=1`).join(',');
    expect(formatBaggage(parseBaggage(many))?.split(',')).toHaveLength(baggageMembersMax);
    expect(baggageValue(parseBaggage(`${many},msx-env=one`), 'msx-env')).toBe('one');
    const long = `big=${'x'.repeat(baggageBytesMax)},small=1`;
    expect(formatBaggage(parseBaggage(long))).toBe('small=1');
  });
});

describe('baggageValue() and withBaggageValue()', () => {
  test('decode and encode', () => {
    const members = withBaggageValue([], 'name', 'a b,c;d%"é');
    expect(formatBaggage(members)).toBe('name=a%20b%2Cc%3Bd%25%22%C3%A9');
    expect(baggageValue(members, 'name')).toBe('a b,c;d%"é');
  });

  test('the last of duplicates counts, and setting leaves one', () => {
    const members = parseBaggage('msx-env=a,msx-env=b');
    expect(baggageValue(members, 'msx-env')).toBe('b');
    expect(formatBaggage(withBaggageValue(members, 'msx-env', 'c'))).toBe('msx-env=c');
  });

  test('a broken encoding is no value', () => {
    expect(baggageValue(parseBaggage('msx-env=%E0%A4%A'), 'msx-env')).toBeUndefined();
  });

  test('a value that is set survives the limits', () => {
    const full = parseBaggage(Array.from({ length: 64 }, (_, index) => `k${index}=1`).join(','));
    expect(baggageValue(parseBaggage(formatBaggage(withBaggageValue(full, 'msx-env', 'a')) ?? ''), 'msx-env')).toBe(
      'a',
    );
  });
});
