import { describe, expect, test } from 'vitest';
import { readContext, runWithContext } from './context.ts';
import { injectHeaders, readHeaders } from './headers-like.ts';
import { outgoingRecord, readRecord } from './message-record.ts';

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const context = readContext({ baggage: 'user=7;secure,msx-env=one', traceparent });
const within = <T>(work: () => T): T => runWithContext(context, work);

/** As `MsgHdrs` of @nats-io/nats-core behaves: an absent header is '', names are told apart by their case. */
class MsgHdrs {
  readonly #values = new Map<string, string>();
  get(name: string): string {
    return this.#values.get(name) ?? '';
  }
  set(name: string, value: string): void {
    this.#values.set(name, value);
  }
  keys(): string[] {
    return [...this.#values.keys()];
  }
}

describe('headers that are read and written by name', () => {
  test('carry the context from a request into a message and out of it', () => {
    const headers = within(() => injectHeaders(new MsgHdrs()));
    expect(headers.get('baggage')).toBe('msx-env=one,user=7;secure');
    expect(headers.get('x-msx-env')).toBe('one');
    expect(readHeaders(headers)).toMatchObject({ env: 'one', traceparent });
  });

  test('are left alone outside of a request, and none are no context', () => {
    expect(injectHeaders(new MsgHdrs()).keys()).toEqual([]);
    expect(readHeaders(undefined).env).toBeUndefined();
    expect(readHeaders(new MsgHdrs()).env).toBeUndefined();
  });

  test('are found whatever their case, and no second one stands beside them', () => {
    const headers = new MsgHdrs();
    headers.set('Baggage', 'own=1');
    within(() => injectHeaders(headers));
    expect(
      headers
        .keys()
        .map((name) => name.toLowerCase())
        .sort(),
    ).toEqual(['baggage', 'traceparent', 'x-msx-env']);
    expect(headers.get('Baggage')).toBe('msx-env=one,own=1,user=7;secure');
    expect(readHeaders(headers).env).toBe('one');
  });

  test('may be a Map or the Headers of fetch', () => {
    for (const headers of [new Map<string, string>(), new Headers()]) {
      within(() => injectHeaders(headers));
      expect(readHeaders(headers, { headerName: 'X-Msx-Env' }).env).toBe('one');
    }
  });

  test('keep the environment that the program names', () => {
    const headers = new MsgHdrs();
    headers.set('x-msx-env', 'two');
    within(() => injectHeaders(headers));
    expect(readHeaders(headers).env).toBe('two');
    expect(headers.get('baggage')).toBe('msx-env=two,user=7;secure');
  });
});

describe('headers as a record', () => {
  test('carry the context, and leave bytes and lists of others as they are', () => {
    const bytes = Buffer.from([1, 2, 3]);
    const sent = within(() => outgoingRecord({ bytes, list: ['a', bytes], none: undefined }));
    expect(sent).toMatchObject({ bytes, list: ['a', bytes], baggage: 'msx-env=one,user=7;secure', 'x-msx-env': 'one' });
    expect(readRecord(sent as Record<string, string>).env).toBe('one');
  });

  test('arrive as bytes, and may repeat', () => {
    const { env, baggage } = readRecord({ Baggage: [Buffer.from('user=7'), Buffer.from('msx-env=one')] });
    expect(env).toBe('one');
    expect(baggage.map(({ text }) => text)).toEqual(['user=7', 'msx-env=one']);
    expect(readRecord({ 'x-msx-env': Buffer.from('two') }).env).toBe('two');
    expect(readRecord({ 'x-msx-env': Buffer.from([0xff, 0xfe]) }).env).toBeUndefined();
    expect(readRecord(undefined).env).toBeUndefined();
  });

  test('join members of the program’s own, also where they are bytes', () => {
    const sent = within(() => outgoingRecord({ Baggage: Buffer.from('own=1,user=8') }));
    expect(sent).toMatchObject({ baggage: 'msx-env=one,own=1,user=8' });
    expect(sent).not.toHaveProperty('Baggage');
  });

  test('come back as they are outside of a request', () => {
    const headers = { a: 'b' };
    expect(outgoingRecord(headers)).toBe(headers);
  });
});
