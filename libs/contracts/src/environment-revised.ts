import type { Cause } from '@microstax/model/derivation';
import { z } from 'zod';
import { bundleSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { activationFields, actorSchema } from './fields.ts';

export type EnvironmentRevised = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  actor: actorSchema,
  cause: z.custom<Cause>((value) => typeof value === 'object' && value !== null && 'kind' in value),
  /** `revision`, `derivation`, `facts`, `policy`, `difference`, `composition`. */
  bundle: bundleSchema,
});

export const environmentRevised = defineEvent<EnvironmentRevised>({
  name: 'environment revised',
  service: 'graph',
  last: 'revised',
  schema,
  summary: 'A derivation was committed: a new generation of the environment exists and has to be planned.',
});
