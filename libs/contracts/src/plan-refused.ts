import { z } from 'zod';
import { bundleSchema } from './bundle.ts';
import { defineEvent } from './event-contract.ts';
import { activationFields, findingSchema } from './fields.ts';

export type PlanRefused = z.infer<typeof schema>;

const schema = z.strictObject({ ...activationFields, findings: z.array(findingSchema).min(1), bundle: bundleSchema });

export const planRefused = defineEvent<PlanRefused>({
  name: 'plan refused',
  service: 'planner',
  last: 'refused',
  schema,
  summary: 'No placement satisfies the requirements; the shortest chain of them is named.',
});
