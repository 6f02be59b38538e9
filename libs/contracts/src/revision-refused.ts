import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { findingSchema, tokenSchema } from './fields.ts';

export type RevisionRefused = z.infer<typeof schema>;

const schema = z.strictObject({
  org: tokenSchema,
  env: tokenSchema,
  submission: z.string(),
  findings: z.array(findingSchema).min(1),
});

export const revisionRefused = defineEvent<RevisionRefused>({
  name: 'revision refused',
  service: 'graph',
  last: 'refused',
  schema,
  summary: 'A Blueprint or command is not possible in the graph as it stands; nothing was committed.',
});
