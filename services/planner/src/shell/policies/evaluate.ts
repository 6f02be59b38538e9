import { type CelInput, celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import type { Hit, Subject } from '../../core/policy-subjects.ts';

export type Asked = {
  readonly expressions: readonly string[];
  /** The name by which an expression reads its subject, beside `env`. */
  readonly about: string;
  readonly subjects: readonly Subject[];
  readonly env: Subject;
};

export type Failure = { readonly policy: number; readonly reason: string };

export type Answer =
  | { readonly kind: 'hits'; readonly hits: readonly Hit[] }
  | { readonly kind: 'failed'; readonly failures: readonly Failure[] };

const nestingMax = 2; // comprehensions in comprehensions: each multiplies by the length of a list
export const listLengthMax = 5_000; // of a list that is longer no nested comprehension is evaluated
export const evaluationsMax = 1_000_000;

/** Evaluates every expression for every subject. What fails, or is no boolean, is a failure; nothing is guessed. */
export function evaluate({ expressions, about, subjects, env }: Asked): Answer {
  const evaluations = expressions.length * subjects.length;
  if (evaluations > evaluationsMax) {
    const reason = `${evaluations} evaluations are asked for, allowed are ${evaluationsMax}`;
    return { kind: 'failed', failures: [{ policy: 0, reason }] };
  }
  const failures: Failure[] = [];
  const hits: Hit[] = [];
  const depthMax = longestList(subjects) > listLengthMax ? 1 : nestingMax;
  for (const [policy, expression] of expressions.entries()) {
    const program = compiled(expression, depthMax);
    if (typeof program === 'string') {
      failures.push({ policy, reason: program });
      continue;
    }
    for (const [subject, value] of subjects.entries()) {
      const verdict = program({ [about]: value as CelInput, env: env as CelInput });
      if (verdict === true) hits.push({ policy, subject });
      if (typeof verdict === 'boolean') continue;
      const what = isCelError(verdict) ? verdict.message : `it is ${kindOf(verdict)}, not true or false`;
      failures.push({ policy, reason: `of ${about} "${String(value.name)}": ${what}` });
      break;
    }
  }
  return failures.length > 0 ? { kind: 'failed', failures } : { kind: 'hits', hits };
}

type Program = (bindings: Record<string, CelInput>) => unknown;

function compiled(expression: string, depthMax: number): Program | string {
  try {
    const parsed = parse(expression);
    const depth = nesting(parsed);
    if (depth > depthMax) return `it nests ${depth} comprehensions, allowed are ${depthMax}`;
    return plan(celEnv(), parsed);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** How deep comprehensions stand in each other, anywhere in a parsed expression. */
function nesting(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0;
  const deepest = Math.max(0, ...Object.values(node).map(nesting));
  return deepest + ('case' in node && node.case === 'comprehensionExpr' ? 1 : 0);
}

function longestList(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce((most: number, one) => Math.max(most, longestList(one)), 0);
  return Array.isArray(value) ? Math.max(value.length, inner) : inner;
}

function kindOf(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number') return 'a number';
  return typeof value === 'string' ? 'a text' : 'something else';
}
