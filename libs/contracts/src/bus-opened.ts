import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { tokenSchema } from './fields.ts';

export type BusOpened = z.infer<typeof schema>;

const schema = z.strictObject({
  org: tokenSchema,
  env: tokenSchema,
  incarnation: z.number().int().positive(),
  reason: z.string(),
});

/** Says `all` where an environment stands in the subject: it concerns every one. */
export const busOpened = defineEvent<BusOpened>({
  name: 'bus opened',
  service: 'graph',
  last: 'opened',
  schema,
  summary: 'A new incarnation of the bus was opened; sequences start anew.',
});
