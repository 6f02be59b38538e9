import { z } from 'zod';
import { bundleSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type ActivationApproved = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  /** `derivation`, `plan`, `resolution`, `findings`, `approval`. */
  bundle: bundleSchema,
});

export const activationApproved = defineEvent<ActivationApproved>({
  name: 'activation approved',
  service: 'validator',
  last: 'approved',
  schema,
  summary: 'Nothing blocks the activation; the runtime may claim it.',
});
