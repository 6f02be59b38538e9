import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { policiesSchema, somePricesSchema, withPrices } from '@microstax/contracts/installation-schemas';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import { defaultPrices, type PriceTable } from '@microstax/model/facts';
import type { PolicyBundle } from '@microstax/model/policy';
import { ConfigError } from '@microstax/service/env';
import { parse } from 'yaml';
import type { z } from 'zod';

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
  const written = await readAs(path, 'MSX_PRICES', somePricesSchema);
  return withPrices(defaultPrices, { source: `prices of ${basename(path)}`, ...written });
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
