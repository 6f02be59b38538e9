import { describe, expect, test } from 'vitest';
import { currentContext, readContext, runWithContext } from './context.ts';
import { outgoingHeaders } from './outgoing-http.ts';

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('readContext()', () => {
  test('takes baggage before the plain header, and that before tracestate', () => {
    const headers = { baggage: 'msx-env=one', 'x-msx-env': 'two', tracestate: 'v=1,msx-env=three' };
    expect(readContext(headers).env).toBe('one');
    expect(readContext({ ...headers, baggage: 'other=1' }).env).toBe('two');
    expect(readContext({ tracestate: headers.tracestate }).env).toBe('three');
    expect(readContext({}).env).toBeUndefined();
  });

  test('reads the header that the baseline chose', () => {
    expect(readContext({ 'x-tenant': 'one', 'x-msx-env': 'two' }, { headerName: 'X-Tenant' }).env).toBe('one');
  });

  test('passes over names that could not stand in a header', () => {
    expect(readContext({ baggage: 'msx-env=a%0D%0Ax', 'x-msx-env': 'one' }).env).toBe('one');
    expect(readContext({ 'x-msx-env': 'one, two' }).env).toBeUndefined();
    expect(readContext({ 'x-msx-env': 'x'.repeat(129) }).env).toBeUndefined();
  });
});

describe('outgoingHeaders()', () => {
  const context = readContext({ baggage: 'user=7;secure,msx-env=one', traceparent, tracestate: 'v=1' });
  const within = (headers?: Parameters<typeof outgoingHeaders>[0]) =>
    runWithContext(context, () => outgoingHeaders(headers));

  test('adds nothing outside of a request', () => {
    expect(currentContext()).toBeUndefined();
    expect(outgoingHeaders({ accept: 'a', none: undefined })).toEqual({ accept: 'a' });
  });

  test('carries environment, foreign baggage and trace', () => {
    expect(within({ accept: 'a' })).toEqual({
      accept: 'a',
      baggage: 'msx-env=one,user=7;secure',
      'x-msx-env': 'one',
      traceparent,
      tracestate: 'v=1',
    });
  });

  test('joins baggage of the caller, whatever the case of its name', () => {
    expect(within({ Baggage: 'own=1,user=8' })).toMatchObject({ baggage: 'msx-env=one,own=1,user=8' });
    expect(within({ Baggage: 'own=1' })).not.toHaveProperty('Baggage');
  });

  test('leaves trace headers of the caller as a pair', () => {
    const own = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
    const headers = within({ traceparent: own });
    expect(headers.traceparent).toBe(own);
    expect(headers).not.toHaveProperty('tracestate');
  });

  test('leaves the environment that the caller names, and says it in both carriers', () => {
    expect(within({ 'X-Msx-Env': 'two' })).toMatchObject({ 'X-Msx-Env': 'two', baggage: 'msx-env=two,user=7;secure' });
    expect(within({ baggage: 'msx-env=two' })).toMatchObject({
      'x-msx-env': 'two',
      baggage: 'msx-env=two,user=7;secure',
    });
  });

  test('never writes what Node refuses as a header', () => {
    expect(within({ baggage: 'msx-env=a%0D%0Ax' })).not.toHaveProperty('x-msx-env');
  });

  test('adding twice changes nothing', () => {
    expect(within(within())).toEqual(within());
  });
});
