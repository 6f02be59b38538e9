import { clean } from './output.ts';
import type { Span } from './spans.ts';

const barWidth = 42;

/** A trace for a terminal: tree order, one bar a span on a common time line, errors marked. */
export function drawWaterfall(trace: string, spans: readonly Span[]): string {
  if (spans.length === 0) return `trace ${trace}: no spans\n`;
  const begin = Math.min(...spans.map(({ start }) => start));
  const end = Math.max(...spans.map((span) => span.end));
  const rows = inTreeOrder(spans).map(({ span, depth }) => ({
    service: span.service,
    name: `${'  '.repeat(Math.min(depth, 12))}${span.name}`,
    took: `${Math.max(0, span.end - span.start).toFixed(1)}ms`,
    bar: bar(span, begin, Math.max(end - begin, 0.001)),
    error: span.error ? ` x ${span.error}` : '',
  }));
  const width = (of: (row: (typeof rows)[number]) => string): number => Math.max(...rows.map((row) => of(row).length));
  const [service, name, took] = [
    width((row) => row.service),
    Math.min(
      78,
      width((row) => row.name),
    ),
    width((row) => row.took),
  ];
  const services = new Set(spans.map((span) => span.service));
  const head = `trace ${trace}  ${(end - begin).toFixed(1)} ms, ${spans.length} spans of ${[...services].sort().join(', ')}\n`;
  return (
    head +
    rows
      .map(
        (row) =>
          `${clean(`${row.service.padEnd(service)}  ${row.name.slice(0, name).padEnd(name)}  ${row.took.padStart(took)} |${row.bar}|${row.error}`).trimEnd()}\n`,
      )
      .join('')
  );
}

function inTreeOrder(spans: readonly Span[]): { span: Span; depth: number }[] {
  const known = new Set(spans.map(({ id }) => id));
  const children = new Map<string | null, Span[]>();
  for (const span of spans) {
    const parent = span.parent !== null && known.has(span.parent) ? span.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const ordered: { span: Span; depth: number }[] = [];
  const stack = [...(children.get(null) ?? [])].reverse().map((span) => ({ span, depth: 0 }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    ordered.push(next);
    const depth = next.depth + 1;
    stack.push(...[...(children.get(next.span.id) ?? [])].reverse().map((span) => ({ span, depth })));
  }
  return ordered;
}

function bar(span: Span, begin: number, total: number): string {
  const from = Math.min(barWidth - 1, Math.floor(((span.start - begin) / total) * barWidth));
  const length = Math.max(1, Math.min(barWidth - from, Math.round(((span.end - span.start) / total) * barWidth)));
  return `${' '.repeat(from)}${'#'.repeat(length)}${' '.repeat(barWidth - from - length)}`;
}
