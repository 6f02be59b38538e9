import { expect, test } from 'vitest';
import type { Span } from './spans.ts';
import { drawWaterfall } from './waterfall.ts';

const trace = 'a'.repeat(32);

function span(
  id: string,
  parent: string | null,
  service: string,
  start: number,
  end: number,
  error: string | null = null,
): Span {
  return { id, parent, service, name: `does ${id}`, start, end, pid: 1, error, attributes: {} };
}

test('a trace without spans says so', () => {
  expect(drawWaterfall(trace, [])).toBe(`trace ${trace}: no spans\n`);
});

test('the head names duration, number of spans and every service once', () => {
  const [head] = drawWaterfall(trace, [
    span('a', null, 'graph', 0, 10),
    span('b', 'a', 'cli', 5, 20),
    span('c', 'a', 'graph', 6, 7),
  ]).split('\n');
  expect(head).toBe(`trace ${trace}  20.0 ms, 3 spans of cli, graph`);
});

test('spans stand under their parents in order of their start, indented by depth', () => {
  const drawn = drawWaterfall(trace, [
    span('a', null, 'cli', 0, 9),
    span('b', 'a', 'intake', 1, 2),
    span('d', 'c', 'planner', 4, 5),
    span('c', 'b', 'graph', 3, 4),
    span('e', 'a', 'graph', 2, 3),
  ]);
  expect(rows(drawn).map((line) => line.replace(/ +[\d.]+ms \|.*/, ''))).toEqual([
    'cli      does a',
    'intake     does b',
    'graph        does c',
    'planner        does d',
    'graph      does e',
  ]);
});

test('a span whose parent is not among them stands at the left', () => {
  const drawn = drawWaterfall(trace, [span('a', 'elsewhere', 'cli', 0, 1)]);
  expect(rows(drawn)[0]).toMatch(/^cli {2}does a {2}1\.0ms \|/);
});

test('spans that name each other as parents end the drawing, they do not hang it', () => {
  expect(
    rows(drawWaterfall(trace, [span('a', 'b', 'x', 0, 1), span('b', 'a', 'x', 0, 1), span('c', null, 'x', 0, 1)])),
  ).toHaveLength(1);
});

test('a bar lies where the span lies on the common line of time', () => {
  const bars = rows(
    drawWaterfall(trace, [span('a', null, 'x', 0, 42), span('b', 'a', 'x', 21, 42), span('c', 'a', 'x', 42, 42)]),
  ).map((line) => line.split('|')[1]);
  expect(bars).toEqual(['#'.repeat(42), `${' '.repeat(21)}${'#'.repeat(21)}`, `${' '.repeat(41)}#`]);
});

test('an error is marked beside its bar', () => {
  expect(rows(drawWaterfall(trace, [span('a', null, 'x', 0, 1, 'disk\u001b full')]))[0]).toMatch(
    /\| x disk\ufffd full$/,
  );
});

function rows(drawn: string): string[] {
  return drawn.trimEnd().split('\n').slice(1);
}
