import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/**
 * Judges a value and reads it all the same where nothing but unknown keys is wrong with it, so that one mistyped key
 * hides no other finding. `value` is the caller's to lose: unknown keys are taken out of it.
 */
export function judgeShape<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly issues: readonly Issue[]; readonly data: T | undefined } {
  const result = schema.safeParse(value, { error: sentenceOf });
  if (result.success) return { issues: [], data: result.data };
  const { issues } = result.error;
  if (!issues.every(({ code }) => code === 'unrecognized_keys')) return { issues, data: undefined };
  for (const issue of issues) if (issue.code === 'unrecognized_keys') takeOut(value, issue.path, issue.keys);
  return { issues, data: schema.safeParse(value, { error: sentenceOf }).data };
}

/**
 * What an issue says where its schema has no sentence of its own. zod's own sentences name the constructor of what was
 * found, and a key `constructor` is the user's.
 */
function sentenceOf(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'too_small') return `expected at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `expected at most ${issue.maximum}`;
  return 'cannot be used here';
}

function takeOut(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let holder = value;
  for (const step of path) holder = (holder as Record<PropertyKey, unknown>)[step];
  for (const key of keys) delete (holder as Record<string, unknown>)[key];
}
