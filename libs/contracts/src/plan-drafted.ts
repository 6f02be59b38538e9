import { z } from 'zod';
import { bundleSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { activationFields } from './fields.ts';

export type PlanDrafted = z.infer<typeof schema>;

const schema = z.strictObject({
  ...activationFields,
  /** `revision`, `derivation`, `facts`, `difference`, `composition`, `plan`. */
  bundle: bundleSchema,
});

export const planDrafted = defineEvent<PlanDrafted>({
  name: 'plan drafted',
  service: 'planner',
  last: 'drafted',
  schema,
  summary: 'A plan stands: placements, jobs and cost of one generation.',
});
