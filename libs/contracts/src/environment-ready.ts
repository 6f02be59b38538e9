import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type EnvironmentReady = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  reason: z.string(),
  execution: z.string(),
  epoch: z.number().int(),
});

export const environmentReady = defineEvent<EnvironmentReady>({
  name: 'environment ready',
  service: 'graph',
  last: 'ready',
  schema,
  summary: 'The generation is realised as wanted and serves.',
});
