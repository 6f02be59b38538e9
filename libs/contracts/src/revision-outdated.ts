import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { tokenSchema } from './fields.ts';

export type RevisionOutdated = z.infer<typeof schema>;

const schema = z.strictObject({ org: tokenSchema, env: tokenSchema, submission: z.string(), newer: z.string() });

export const revisionOutdated = defineEvent<RevisionOutdated>({
  name: 'revision outdated',
  service: 'graph',
  last: 'outdated',
  schema,
  summary: 'A newer submission of the same environment was committed first.',
});
