import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type ExecutionStarted = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  execution: z.string(),
  epoch: z.number().int(),
  jobs: z.number().int().nonnegative(),
});

export const executionStarted = defineEvent<ExecutionStarted>({
  name: 'execution started',
  service: 'graph',
  last: 'started',
  schema,
  summary: 'A claim was granted: the plan of one generation is being realised.',
});
