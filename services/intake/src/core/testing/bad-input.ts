import type { IdentifyReply } from '@microstax/contracts/graph-requests';
import type { Limits } from '../limits.ts';

/** A text that must be refused, and the finding that must say so. Lines and columns count from 1. */
export type BadInput = {
  readonly title: string;
  readonly text: string;
  readonly code: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
};

/** A Blueprint that must be refused, and what is known around it. */
export type BadBlueprint = BadInput & {
  /** By default `shop`. */
  readonly env?: string;
  readonly graph?: IdentifyReply;
  readonly limits?: Partial<Limits>;
  /** Other findings beside it are allowed. */
  readonly more?: boolean;
  /** Part of what to do next. */
  readonly next?: string;
};

type About = Pick<BadBlueprint, 'env' | 'graph' | 'limits' | 'more' | 'next'>;

/** One row; the place that the finding must name is marked by `«` in the text, which is taken out. */
export function bad(title: string, marked: string, code: string, path: string, about: About = {}): BadBlueprint {
  const at = marked.indexOf('«');
  const before = marked.slice(0, Math.max(0, at)).split('\n');
  const text = marked.replace('«', '');
  return { title, text, code, path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, ...about };
}

/** A shop whose only service runs and says this too. */
export function service(fields: string): string {
  return `name: shop\nservices:\n  web:\n    run: { command: x }\n    ${fields}\n`;
}

/** The same without `run`. */
export function bare(fields: string): string {
  return `name: shop\nservices:\n  web:\n    ${fields}\n`;
}

/** A shop whose environment says this too. */
export function environment(fields: string): string {
  return `name: shop\n${fields}\nservices: { web: { run: { command: x } } }\n`;
}
