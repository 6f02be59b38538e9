import { describe, expect, test } from 'vitest';
import { contextOf, isMalformed, stampedBaggage } from './context.ts';

describe('contextOf()', () => {
  const headers = { baggage: 'user=7,msx-env=one', 'x-msx-env': 'two', tracestate: 'v=1,msx-env=three' };

  test('takes baggage before the header, and the header before tracestate', () => {
    expect(contextOf(headers, 'x-msx-env')).toBe('one');
    expect(contextOf({ ...headers, baggage: 'user=7' }, 'x-msx-env')).toBe('two');
    expect(contextOf({ tracestate: headers.tracestate }, 'x-msx-env')).toBe('three');
    expect(contextOf({}, 'x-msx-env')).toBeUndefined();
  });

  test("reads the baseline's header and no other", () => {
    expect(contextOf({ 'x-shop': 'one', 'x-msx-env': 'two' }, 'x-shop')).toBe('one');
    expect(contextOf({ 'x-msx-env': 'two' }, 'x-shop')).toBeUndefined();
  });

  for (const bad of ['', ' ', 'a b', 'a,b', 'é', 'x'.repeat(200), '{}', '../x']) {
    test(`takes ${JSON.stringify(bad.slice(0, 10))} for no context, and asks the next carrier`, () => {
      expect(contextOf({ 'x-msx-env': bad }, 'x-msx-env')).toBeUndefined();
      expect(contextOf({ baggage: `msx-env=${encodeURIComponent(bad)}`, 'x-msx-env': 'two' }, 'x-msx-env')).toBe('two');
    });
  }

  test('takes a broken encoding for no context', () => {
    expect(contextOf({ baggage: 'msx-env=%E0%A4%A' }, 'x-msx-env')).toBeUndefined();
    expect(contextOf({ baggage: 'msx-env=a%0D%0Aset-cookie: b' }, 'x-msx-env')).toBeUndefined();
  });
});

describe('isMalformed()', () => {
  test('tells a request that tried to name a context from one that did not', () => {
    expect(isMalformed({ 'x-msx-env': 'a b' }, 'x-msx-env')).toBe(true);
    expect(isMalformed({ baggage: 'user=7,msx-env=%E0%A4%A' }, 'x-msx-env')).toBe(true);
    expect(isMalformed({ tracestate: 'msx-env=a=b' }, 'x-msx-env')).toBe(true);
    expect(isMalformed({ baggage: 'user=7', tracestate: 'v=1' }, 'x-msx-env')).toBe(false);
  });
});

describe('stampedBaggage()', () => {
  test('puts the context in front and keeps members of others with their properties', () => {
    expect(stampedBaggage('user=J%C3%BCrgen;ttl=5, msx-env=old', 'new')).toBe('msx-env=new,user=J%C3%BCrgen;ttl=5');
    expect(stampedBaggage(undefined, 'new')).toBe('msx-env=new');
  });

  test('leaves as it came what says the context in front and nowhere else', () => {
    expect(stampedBaggage('msx-env=new, user=7', 'new')).toBe('msx-env=new, user=7');
    expect(stampedBaggage('msx-env=new;a=1,user=7', 'new')).toBe('msx-env=new,user=7');
    expect(stampedBaggage('msx-env=new,msx-env=old', 'new')).toBe('msx-env=new');
    expect(stampedBaggage('msx-env=newer', 'new')).toBe('msx-env=new');
    expect(contextOf({ baggage: 'msx-env=new,msx-env=old' }, 'x-msx-env')).toBe('old');
    expect(contextOf({ baggage: 'msx-env=new,user=7' }, 'x-msx-env')).toBe('new');
  });

  test('is read back as what was stamped', () => {
    expect(contextOf({ baggage: stampedBaggage('msx-env=old', 'a~b.c') }, 'x-msx-env')).toBe('a~b.c');
  });
});
