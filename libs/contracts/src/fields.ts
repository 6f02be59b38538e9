import type { Finding } from '@microstax/model/finding';
import { tokenPattern } from '@microstax/model/names';
import { z } from 'zod';

/** Fields that several messages share. */
export const tokenSchema = z.string().regex(tokenPattern);

export const findingSchema: z.ZodType<Finding> = z.strictObject({
  severity: z.enum(['error', 'warning', 'info']),
  code: z.string(),
  subject: z.string(),
  reason: z.string(),
  next: z.string().optional(),
  position: z
    .strictObject({ file: z.string().optional(), line: z.number().int(), column: z.number().int() })
    .optional(),
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
}) as z.ZodType<Finding>;

/** Which of two submissions is newer is decided by this and nothing else (protocol 1). */
export const orderSchema = z.strictObject({
  incarnation: z.number().int().nonnegative(),
  sequence: z.number().int().positive(),
});
export type SubmissionOrder = z.infer<typeof orderSchema>;

/** Who submitted, and what vouches for it. */
export const actorSchema = z.strictObject({ name: tokenSchema, proof: z.enum(['subject', 'loopback']) });
export type Actor = z.infer<typeof actorSchema>;

export const submissionFields = {
  org: tokenSchema,
  env: tokenSchema,
  submission: z.string().min(1).max(200),
  order: orderSchema,
  actor: actorSchema,
};

/** `activation` is `<env>@<generation>`, or `<env>@preview-<submission>` where generation is 0 (protocol 30). */
export const activationFields = {
  org: tokenSchema,
  env: tokenSchema,
  generation: z.number().int().nonnegative(),
  activation: z.string(),
  /** The submission that caused it; null where a timer, a parent or drift did. */
  submission: z.string().nullable(),
};

export type ActivationRef = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly activation: string;
  readonly submission: string | null;
};

/** The fields of an activation alone, to be forwarded. */
export function activationRef({ org, env, generation, activation, submission }: ActivationRef): ActivationRef {
  return { org, env, generation, activation, submission };
}
