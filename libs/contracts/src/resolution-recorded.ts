import { z } from 'zod';
import { bundleSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type ResolutionRecorded = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  /** `revision`, `derivation`, `facts`, `difference`, `plan`, `resolution`. */
  bundle: bundleSchema,
});

export const resolutionRecorded = defineEvent<ResolutionRecorded>({
  name: 'resolution recorded',
  service: 'resolver',
  last: 'recorded',
  schema,
  summary: 'Every service has one resolved identity record.',
});
