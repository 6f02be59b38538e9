import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type JobChanged = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  execution: z.string(),
  epoch: z.number().int(),
  job: z.string(),
  state: z.enum(['waiting', 'intended', 'unknown', 'done', 'failed', 'undone']),
  action: z.enum(['create', 'keep', 'replace', 'remove']).optional(),
  reason: z.string().optional(),
});

export const jobChanged = defineEvent<JobChanged>({
  name: 'job changed',
  service: 'graph',
  last: 'changed',
  schema,
  summary: 'A job of an execution moved on, as the journal has it.',
});
