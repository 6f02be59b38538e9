import { readFile } from 'node:fs/promises';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import { defaultPrices, type PriceTable } from '@microstax/model/facts';
import { type PolicyBundle, policiesMax, policyBytesMax } from '@microstax/model/policy';
import { ConfigError } from '@microstax/service/env';
import { parse } from 'yaml';
import { z } from 'zod';

const named = z.string().regex(/^[a-z0-9-]{1,40}$/, 'allowed are 1 to 40 of a-z, 0-9 and "-"');
const expression = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= policyBytesMax, `allowed are ${policyBytesMax} bytes`);
const stated = { name: named, when: expression, message: z.string().min(1).max(500) };
const micros = z.int().min(0).max(1_000_000_000_000);

const policySchema = z.discriminatedUnion('effect', [
  z.strictObject({ ...stated, effect: z.enum(['forbid', 'require', 'veto']) }),
  z.strictObject({
    ...stated,
    effect: z.literal('prefer'),
    placement: z.enum(['local', 'remote']),
    microsPerHour: micros,
  }),
]);
const policiesSchema = z
  .array(policySchema)
  .max(policiesMax)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two policies have one name');

const priceTableSchema = z.strictObject({
  cpuCoreHourMicros: micros.optional(),
  memoryGiBHourMicros: micros.optional(),
  storageGiBHourMicros: micros.optional(),
  instanceHourMicros: micros.optional(),
  bridgeHourMicros: micros.optional(),
  routeHourMicros: micros.optional(),
  sharedWriteHourMicros: micros.optional(),
  startMicros: micros.optional(),
  source: z.string().min(1).max(500),
});

/** The organisation's policies from a file: a list in YAML or JSON. Throws `ConfigError` where it cannot be read. */
export async function readPolicies(path: string): Promise<Artifact<PolicyBundle>> {
  const policies: PolicyBundle = await readAs(path, 'MSX_POLICIES', policiesSchema);
  return sealArtifact(
    'policy',
    sortedBy(policies, ({ name }) => name),
  );
}

/** A price table of one's own; what it leaves out is the default's. Throws `ConfigError` where it cannot be read. */
export async function readPrices(path: string): Promise<PriceTable> {
  const written = await readAs(path, 'MSX_PRICES', priceTableSchema);
  const own = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
  return { ...defaultPrices, ...own };
}

async function readAs<T>(path: string, setting: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read "${path}" of ${setting}: ${why}`);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const at = issue?.path.join('/') ?? '';
  throw new ConfigError(
    `Cannot read "${path}" of ${setting}: at "/${at}": ${issue?.message ?? 'it has another shape'}`,
  );
}
