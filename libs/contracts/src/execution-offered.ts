import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type ExecutionOffered = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  reason: z.string(),
  execution: z.string(),
  epoch: z.number().int(),
});

export const executionOffered = defineEvent<ExecutionOffered>({
  name: 'execution offered',
  service: 'graph',
  last: 'offered',
  schema,
  summary: 'The owner of an execution fell silent; a runtime may take it over.',
});
