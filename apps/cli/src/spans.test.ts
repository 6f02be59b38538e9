import { expect, test } from 'vitest';
import { readSpans } from './spans.ts';

const trace = 'a'.repeat(32);
const other = 'b'.repeat(32);

type Sample = {
  readonly id: string;
  readonly parent?: string;
  readonly trace?: string;
  readonly at?: number;
  readonly error?: string;
};

/** A batch as the collector protocol writes it in JSON: 64-bit numbers are strings. */
function batch(service: string, ...samples: readonly Sample[]): Buffer {
  const spans = samples.map(({ id, parent = '', trace: traceId = trace, at = 0, error }) => ({
    traceId,
    spanId: id,
    parentSpanId: parent,
    name: `${service} ${id}`,
    startTimeUnixNano: `${1_700_000_000_000_000_000n + BigInt(at) * 1_000_000n + 123_456n}`,
    endTimeUnixNano: `${1_700_000_000_000_000_000n + BigInt(at + 5) * 1_000_000n}`,
    attributes: [
      { key: 'msx.env', value: { stringValue: 'shop' } },
      { key: 'deliveries', value: { intValue: '2' } },
      { key: 'share', value: { doubleValue: 0.5 } },
      { key: 'duplicate', value: { boolValue: false } },
    ],
    status: error === undefined ? { code: 0 } : { code: 2, ...(error === '' ? {} : { message: error }) },
  }));
  const attributes = [
    { key: 'service.name', value: { stringValue: service } },
    { key: 'process.pid', value: { intValue: 42 } },
  ];
  return Buffer.from(JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }));
}

test('a span has its service, process, parent, times in milliseconds and attributes', () => {
  expect(readSpans([batch('graph', { id: 's1', parent: 's0' })], trace)).toEqual([
    {
      id: 's1',
      parent: 's0',
      service: 'graph',
      name: 'graph s1',
      start: 1_700_000_000_000.123,
      end: 1_700_000_000_005,
      pid: 42,
      error: null,
      attributes: { 'msx.env': 'shop', deliveries: 2, share: 0.5, duplicate: false },
    },
  ]);
});

test('spans of several batches come in order of their start, each once', () => {
  const batches = [
    batch('planner', { id: 's2', at: 20 }, { id: 's3', at: 30 }),
    batch('graph', { id: 's1', at: 10 }),
    batch('planner', { id: 's2', at: 20 }),
  ];
  expect(readSpans(batches, trace).map(({ id }) => id)).toEqual(['s1', 's2', 's3']);
});

test('spans of other traces in the same batch are left out', () => {
  expect(readSpans([batch('graph', { id: 's1' }, { id: 's2', trace: other })], trace).map(({ id }) => id)).toEqual([
    's1',
  ]);
});

test('a span that went wrong says so, with the reason where it has one', () => {
  expect(
    readSpans([batch('graph', { id: 's1', error: 'disk full' }, { id: 's2', error: '', at: 1 })], trace).map(
      ({ error }) => error,
    ),
  ).toEqual(['disk full', 'error']);
});

test('a span without a parent is a root, a batch without spans is nothing', () => {
  expect(readSpans([batch('cli', { id: 's1' }), Buffer.from('{}')], trace).map(({ parent }) => parent)).toEqual([null]);
});
