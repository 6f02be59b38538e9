import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type JobChanged = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  execution: z.string(),
  epoch: z.number().int(),
  moves: z
    .array(
      z.strictObject({
        job: z.string(),
        state: z.enum(['waiting', 'intended', 'unknown', 'done', 'failed', 'undone']),
        action: z.enum(['create', 'keep', 'replace', 'remove']).optional(),
        reason: z.string().optional(),
      }),
    )
    .min(1),
});

export const jobChanged = defineEvent<JobChanged>({
  name: 'job changed',
  service: 'graph',
  last: 'changed',
  schema,
  summary: 'Jobs of an execution moved on, in the order in which one append of its journal has it.',
});
