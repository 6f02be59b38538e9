import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { countServerSpans } from './spans.ts';

/** Printed by HotROD v1.76.0 as `hotrod customer -x stdout`: one query of its database, two requests answered. */
const captured = readFileSync(new URL('./spans.sample.txt', import.meta.url), 'utf8');
const spans = captured.trim().split('\n');

describe('countServerSpans()', () => {
  test('counts the requests that a real customer process served, and not its database', () => {
    expect(countServerSpans(captured, 'customer', '/customer')).toBe(2);
    expect(countServerSpans(captured, 'mysql', '/customer')).toBe(0);
  });

  test('tells services and paths apart', () => {
    expect(countServerSpans(captured, 'frontend', '/customer')).toBe(0);
    expect(countServerSpans(captured, 'customer', '/')).toBe(0);
  });

  test('counts calls of gRPC by service and method', () => {
    const rpc = [
      { Key: 'rpc.service', Value: { Type: 'STRING', Value: 'driver.DriverService' } },
      { Key: 'rpc.method', Value: { Type: 'STRING', Value: 'FindNearest' } },
    ];
    const call = JSON.stringify({ ...JSON.parse(spans[1] ?? ''), Attributes: rpc });
    expect(countServerSpans(call, 'customer', '/driver.DriverService/FindNearest')).toBe(1);
    expect(countServerSpans(call, 'customer', '/driver.DriverService/Other')).toBe(0);
  });

  test('reads values that are printed over several lines or without a line between them', () => {
    const pretty = spans.map((line) => JSON.stringify(JSON.parse(line), null, '\t'));
    expect(countServerSpans(pretty.join('\n'), 'customer', '/customer')).toBe(2);
    expect(countServerSpans(spans.join(''), 'customer', '/customer')).toBe(2);
  });

  test('passes over log lines between the spans, also those with braces and quotes of their own', () => {
    const log = 'INFO\tcustomer/server.go:64\tfound {two} "of {them\t{"service": "customer", "url": "/customer"}';
    expect(countServerSpans(spans.join(`\n${log}\n`), 'customer', '/customer')).toBe(2);
  });

  test('is not misled by braces and quotes within a value', () => {
    const odd = (spans[1] ?? '').replace('Loading customer', 'a \\"quoted\\" } brace { and \\\\');
    expect(odd).not.toBe(spans[1]);
    expect(countServerSpans(`${odd}\n${spans[2]}`, 'customer', '/customer')).toBe(2);
  });

  test('leaves out a span that is cut off at the end', () => {
    expect(countServerSpans(captured.trimEnd().slice(0, -40), 'customer', '/customer')).toBe(1);
    expect(countServerSpans('', 'customer', '/customer')).toBe(0);
  });
});
