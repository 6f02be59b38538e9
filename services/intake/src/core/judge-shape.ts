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
  const result = schema.safeParse(value);
  if (result.success) return { issues: [], data: result.data };
  const { issues } = result.error;
  if (!issues.every(({ code }) => code === 'unrecognized_keys')) return { issues, data: undefined };
  for (const issue of issues) if (issue.code === 'unrecognized_keys') takeOut(value, issue.path, issue.keys);
  return { issues, data: schema.safeParse(value).data };
}

function takeOut(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let holder = value;
  for (const step of path) holder = (holder as Record<PropertyKey, unknown>)[step];
  for (const key of keys) delete (holder as Record<string, unknown>)[key];
}
