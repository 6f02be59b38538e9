import { z } from 'zod';
import { bundleSchema, digestSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { findingSchema, submissionFields } from './fields.ts';

export type BlueprintAccepted = z.infer<typeof schema>;

const schema = z.strictObject({
  ...submissionFields,
  receivedAt: z.number().int(),
  /** Where the revision came from: `blueprint`, `from shop@3`, `closure sha256:…`. */
  source: z.string(),
  /** The stored revision that it was made from; the identities of its services are known (design 5.1). */
  sourceRevision: digestSchema.optional(),
  /** `revision`. */
  bundle: bundleSchema,
  /** Warnings, for the one who submitted; absent where there are none. */
  findings: z.array(findingSchema).optional(),
});

export const blueprintAccepted = defineEvent<BlueprintAccepted>({
  name: 'blueprint accepted',
  service: 'intake',
  last: 'accepted',
  schema,
  summary: 'A Blueprint was parsed, normalised and found plausible; the graph decides whether it is committed.',
});
