import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type ActivationSuperseded = z.infer<typeof schema>;

const schema = z.strictObject({ ...activationFields, reason: z.string(), by: z.number().int() });

export const activationSuperseded = defineEvent<ActivationSuperseded>({
  name: 'activation superseded',
  service: 'graph',
  last: 'superseded',
  schema,
  summary: 'A newer generation took over before this one ended.',
});
