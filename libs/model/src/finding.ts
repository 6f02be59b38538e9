/** Where in a source text something was found; lines and columns count from 1. */
export type Position = { readonly file?: string; readonly line: number; readonly column: number };

/**
 * What intake, graph, planner and validator say about a subject. Never an exception.
 * `error` refuses or denies, `warning` is said, `info` explains.
 */
export type Finding = {
  readonly severity: 'error' | 'warning' | 'info';
  /** kebab-case, closed set per service, e.g. `unknown-key`, `missing-parent`, `over-budget`. */
  readonly code: string;
  /** What it is about: a JSON-pointer-like path in a Blueprint, a service, an environment. */
  readonly subject: string;
  /** One sentence without a full stop: what was found, what is allowed. */
  readonly reason: string;
  /** What to do next, a sentence or a command. */
  readonly next?: string;
  readonly position?: Position;
  readonly evidence?: Readonly<Record<string, string | number | boolean>>;
};

export function blocks(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}
