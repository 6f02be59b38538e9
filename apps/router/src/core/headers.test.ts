import { describe, expect, test } from 'vitest';
import { announcesBody, headerText, requestHeaders, responseHeaders } from './headers.ts';
import { streamRequestHeaders } from './stream-headers.ts';

const about = { method: 'GET', host: '127.0.0.1:4000', stamp: null };

describe('requestHeaders()', () => {
  test('keeps end-to-end headers in their order, case and number', () => {
    const raw = ['Host', 'shop', 'Accept', 'a', 'X-Two', '1', 'x-two', '2'];
    expect(requestHeaders(raw, about)).toEqual(raw);
  });

  test('drops hop-by-hop headers and those that Connection names', () => {
    const raw = ['Host', 'shop', 'Connection', 'keep-alive, X-Mine', 'X-Mine', '1', 'Keep-Alive', 'timeout=5'];
    const more = ['TE', 'trailers', 'Expect', '100-continue', 'Upgrade', 'h2c', 'Proxy-Authorization', 'secret'];
    expect(requestHeaders([...raw, ...more], about)).toEqual(['Host', 'shop']);
  });

  test('keeps the length of a body, whatever Connection names', () => {
    const raw = ['Host', 'shop', 'Content-Length', '3', 'Connection', 'close, content-length, host'];
    expect(requestHeaders(raw, about)).toEqual(['Host', 'shop', 'Content-Length', '3']);
  });

  test('says the framing anew: chunked stays chunked, a POST without a body has length 0', () => {
    const chunked = requestHeaders(['Host', 'shop', 'Transfer-Encoding', 'chunked'], { ...about, method: 'POST' });
    expect(chunked).toEqual(['Host', 'shop', 'transfer-encoding', 'chunked']);
    expect(requestHeaders(['Host', 'shop'], { ...about, method: 'POST' })).toEqual([
      'Host',
      'shop',
      'content-length',
      '0',
    ]);
  });

  test('names a host where an HTTP/1.0 client did not', () => {
    expect(requestHeaders([], about)).toEqual(['host', '127.0.0.1:4000']);
  });

  test('stamps both carriers and leaves no second opinion', () => {
    const raw = ['Host', 'shop', 'Baggage', 'user=7', 'X-Shop', 'old', 'baggage', 'msx-env=old'];
    expect(requestHeaders(raw, { ...about, stamp: { value: 'new', headerName: 'x-shop' } })).toEqual([
      'Host',
      'shop',
      'baggage',
      'msx-env=new,user=7',
      'x-shop',
      'new',
    ]);
  });
});

describe('responseHeaders()', () => {
  test('says who answered and why, and drops what an inner hop said of itself', () => {
    const raw = ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Connection', 'close', 'X-Msx-Target', 'shop/other'];
    expect(responseHeaders(raw, { target: 'shop/web', reason: 'baseline\r\nset-cookie: ü' })).toEqual([
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
      'x-msx-target',
      'shop/web',
      'x-msx-reason',
      'baseline??set-cookie: ?',
    ]);
  });
});

test('announcesBody() believes the headers', () => {
  expect(announcesBody({})).toBe(false);
  expect(announcesBody({ 'content-length': '0' })).toBe(false);
  expect(announcesBody({ 'content-length': '1' })).toBe(true);
  expect(announcesBody({ 'transfer-encoding': 'chunked' })).toBe(true);
});

test('headerText() leaves printable ASCII', () => {
  expect(headerText('a\u0000b\nü€')).toBe('a?b???');
});

test('an address outside is asked for by its own name, whatever name the client used', () => {
  const raw = ['Host', '127.0.0.1:4000', 'accept', '*/*'];
  const sent = requestHeaders(raw, {
    method: 'GET',
    host: '192.0.2.7:80',
    stamp: null,
    authority: 'pay.example.com:80',
  });
  expect(sent).toEqual(['accept', '*/*', 'host', 'pay.example.com:80']);
  const streamed = streamRequestHeaders([':method', 'GET', ':authority', 'router:1', ':path', '/'], {
    stamp: null,
    authority: 'pay.example.com:80',
  });
  expect(streamed).toEqual([':method', 'GET', ':authority', 'pay.example.com:80', ':path', '/']);
});
