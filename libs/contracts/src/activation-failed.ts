import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type ActivationFailed = z.infer<typeof schema>;

const schema = z.strictObject({ ...activationFields, reason: z.string(), execution: z.string().nullable() });

export const activationFailed = defineEvent<ActivationFailed>({
  name: 'activation failed',
  service: 'graph',
  last: 'failed',
  schema,
  summary: 'The activation ended badly; what served goes on serving.',
});
