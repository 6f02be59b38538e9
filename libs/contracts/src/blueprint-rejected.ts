import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { findingSchema, submissionFields } from './fields.ts';

export type BlueprintRejected = z.infer<typeof schema>;

const schema = z.strictObject({ ...submissionFields, findings: z.array(findingSchema).min(1) });

export const blueprintRejected = defineEvent<BlueprintRejected>({
  name: 'blueprint rejected',
  service: 'intake',
  last: 'rejected',
  schema,
  summary: 'A Blueprint cannot be accepted; all findings, not the first.',
});
