import { compareText } from '@microstax/model/compare';
import type { Finding, Position } from '@microstax/model/finding';
import type { LineIndex } from './line-index.ts';
import { keyOffsetOf, type Located, nodeAt, offsetOf, type Path } from './located.ts';
import { quote } from './quote.ts';

/** A finding that does not know its line yet: a path into the Blueprint, marked at the node or at its key. */
export type Problem = {
  readonly severity?: 'error' | 'warning';
  readonly code: string;
  readonly path: Path;
  readonly mark?: 'key';
  /** Where the path leads to another place than the one meant. */
  readonly at?: number;
  readonly reason: string;
  readonly next?: string;
};

/** The text with its places, which turns problems into findings. */
export type Source = { readonly tree: Located; readonly lines: LineIndex };

export function findingOf(problem: Problem, { tree, lines }: Source): Finding {
  const { severity = 'error', code, path, mark, at, reason, next } = problem;
  const offset = at ?? (mark === 'key' ? keyOffsetOf(tree, path) : offsetOf(tree, path));
  return {
    severity,
    code,
    subject: subjectOf(tree, path),
    reason,
    ...(next === undefined ? {} : { next }),
    position: lines.positionAt(offset),
  };
}

/** `services.web.ports.0`: a service by its name, whichever way the services are written. */
export function subjectOf(tree: Located, path: Path): string {
  if (path.length === 0) return 'blueprint';
  return path
    .map((step, index) => (index === 1 && path[0] === 'services' ? serviceName(tree, step) : word(step)))
    .join('.');
}

/** By line, then column, then code and subject; at most `max`, the last one counting the rest. */
export function inOrder(findings: readonly Finding[], max: number): Finding[] {
  const sorted = [...findings].sort(byPlace);
  if (sorted.length <= max) return sorted;
  // What is left out must not be the only reason for a refusal.
  const weighed = [...sorted].sort((a, b) => weight(a) - weight(b));
  const kept = weighed.slice(0, max - 1).sort(byPlace);
  const rest = sorted.length - kept.length;
  const position = weighed[max - 1]?.position;
  return [
    ...kept,
    {
      severity: kept[0]?.severity ?? 'error',
      code: 'more-findings',
      subject: 'blueprint',
      reason: `${rest} more findings are not listed, maxFindings is ${max}`,
      next: 'repair what is listed and submit again',
      ...(position === undefined ? {} : { position }),
    },
  ];
}

function byPlace(a: Finding, b: Finding): number {
  const [one, other] = [a.position ?? start, b.position ?? start];
  return (
    one.line - other.line ||
    one.column - other.column ||
    compareText(a.code, b.code) ||
    compareText(a.subject, b.subject) ||
    compareText(a.reason, b.reason)
  );
}

const start: Position = { line: 1, column: 1 };

function weight(finding: Finding): number {
  return finding.severity === 'error' ? 0 : 1;
}

function serviceName(tree: Located, index: string | number): string {
  const name = nodeAt(tree, ['services', index, 'name']);
  return name?.kind === 'scalar' && typeof name.value === 'string' ? word(name.value) : String(index);
}

function word(step: string | number): string {
  return typeof step === 'number' || /^[\w-]{1,60}$/.test(step) ? String(step) : quote(step);
}
