import { z } from 'zod';
import { defineEvent } from './event-contract.ts';
import { tokenSchema } from './fields.ts';

export type EnvironmentExpiring = z.infer<typeof schema>;

const schema = z.strictObject({
  org: tokenSchema,
  env: tokenSchema,
  /** Milliseconds since 1970. */
  expiresAt: z.number().int(),
  reason: z.string(),
  /** Environments that hold it, or derive from it: it is not deleted before they are gone. */
  heldBy: z.array(tokenSchema),
});

export const environmentExpiring = defineEvent<EnvironmentExpiring>({
  name: 'environment expiring',
  service: 'graph',
  last: 'expiring',
  schema,
  summary: 'The environment reaches the end of its ttl soon, or is past it and held by others.',
});
