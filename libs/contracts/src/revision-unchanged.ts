import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { tokenSchema } from './fields.ts';

export type RevisionUnchanged = z.infer<typeof schema>;

const schema = z.strictObject({
  org: tokenSchema,
  env: tokenSchema,
  submission: z.string(),
  generation: z.number().int(),
  activation: z.string(),
  /** null while that activation is on its way. */
  outcome: z.enum(['ready']).nullable(),
});

export const revisionUnchanged = defineEvent<RevisionUnchanged>({
  name: 'revision unchanged',
  service: 'graph',
  last: 'unchanged',
  schema,
  summary: 'The submission says what the newest generation says already; nothing starts.',
});
