import type { PriceTable } from '@microstax/model/facts';
import { type PolicyBundle, policiesMax, policyBytesMax } from '@microstax/model/policy';
import { z } from 'zod';

const named = z.string().regex(/^[a-z0-9-]{1,40}$/, 'allowed are 1 to 40 of a-z, 0-9 and "-"');
const expression = z
  .string()
  .min(1)
  .refine((text) => new TextEncoder().encode(text).length <= policyBytesMax, `allowed are ${policyBytesMax} bytes`);
const stated = { name: named, when: expression, message: z.string().min(1).max(500) };
const micros = z.int().min(0).max(1_000_000_000_000); // a million dollars for one unit during one hour

const policySchema = z.discriminatedUnion('effect', [
  z.strictObject({ ...stated, effect: z.enum(['forbid', 'require', 'veto']) }),
  z.strictObject({
    ...stated,
    effect: z.literal('prefer'),
    placement: z.enum(['local', 'remote']),
    microsPerHour: micros,
  }),
]);

/** Policies as a person writes them, in any order. */
export const policiesSchema: z.ZodType<PolicyBundle> = z
  .array(policySchema)
  .max(policiesMax)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two policies have one name');

/** Some prices, in whole micro-dollars. */
export type SomePrices = { readonly [price in keyof PriceTable]?: PriceTable[price] | undefined };
const pricesShape = {
  cpuCoreHourMicros: micros.optional(),
  memoryGiBHourMicros: micros.optional(),
  storageGiBHourMicros: micros.optional(),
  instanceHourMicros: micros.optional(),
  bridgeHourMicros: micros.optional(),
  routeHourMicros: micros.optional(),
  sharedWriteHourMicros: micros.optional(),
  startMicros: micros.optional(),
  source: z.string().min(1).max(500).optional(),
};
export const somePricesSchema: z.ZodType<SomePrices> = z.strictObject(pricesShape, {
  error: ({ code, keys }) =>
    code === 'unrecognized_keys'
      ? `unknown price ${(keys as string[]).map((key) => JSON.stringify(key)).join(', ')}: allowed are ${Object.keys(pricesShape).join(', ')}`
      : undefined,
});

/** A table with some prices replaced. */
export function withPrices(table: PriceTable, some: SomePrices): PriceTable {
  const own = Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined));
  return { ...table, ...own };
}
