import type { SecuritySpec } from '@microstax/model/service-spec';
import { z } from 'zod';

const capability = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, {
  error: 'a capability is written in capitals, such as NET_BIND_SERVICE or ALL',
});

/** What an instance of an image may and may not do. */
export const securitySchema = z.strictObject({
  readOnlyRootFilesystem: z.boolean().optional(),
  runAsNonRoot: z.boolean().optional(),
  privileged: z.boolean().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  fsGroup: z.int().min(0).max(4_294_967_295).optional(),
  capabilities: z
    .strictObject({ add: z.array(capability).default([]), drop: z.array(capability).default([]) })
    .optional(),
});

/** Undefined where nothing is said. */
export function normaliseSecurity(written: z.infer<typeof securitySchema> | undefined): SecuritySpec | undefined {
  if (written === undefined) return undefined;
  const { capabilities, ...rest } = written;
  const stated = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const { add = [], drop = [] } = capabilities ?? {};
  const lists = { add: [...new Set(add)].sort(), drop: [...new Set(drop)].sort() };
  const security = add.length + drop.length === 0 ? stated : { ...stated, capabilities: lists };
  return Object.keys(security).length === 0 ? undefined : security;
}
