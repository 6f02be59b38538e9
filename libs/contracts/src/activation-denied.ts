import { z } from 'zod';
import { bundleSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { activationFields, findingSchema } from './fields.ts';

export type ActivationDenied = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  findings: z.array(findingSchema).min(1),
  /** `findings`. */
  bundle: bundleSchema,
});

export const activationDenied = defineEvent<ActivationDenied>({
  name: 'activation denied',
  service: 'validator',
  last: 'denied',
  schema,
  summary: 'A finding blocks the activation; what serves goes on serving.',
});
