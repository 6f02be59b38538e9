import type { Artifact } from '@microstax/model/artifact';
import type { Derivation } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import type { Position } from '../core/derive-state.ts';
import type { ActivationDocument } from '../core/documents.ts';
import { activationAt } from '../core/places.ts';
import type { Reader } from './transact.ts';

/** What one generation was derived from. */
export async function loadDerivation(
  reader: Reader,
  address: { readonly org: string; readonly env: string },
  generation: number,
): Promise<Derivation> {
  const { org, env } = address;
  const [activation] = await reader.peekMany<ActivationDocument>([activationAt(org, env, generation)]);
  const { derivation } = must(activation, `generation ${generation} of "${env}" has an activation`);
  return must(await reader.artifact<Derivation>(org, derivation), 'a derivation has its bytes').value;
}

/** The revisions that an environment amounted to at a position, root first, its own last. */
export async function loadChain(
  reader: Reader,
  address: { readonly org: string; readonly env: string },
  { generation, revision }: Position,
): Promise<readonly Revision[]> {
  const { lineage } = await loadDerivation(reader, address, generation);
  const digests = [...lineage.map((entry) => entry.revision).reverse(), revision];
  return Promise.all(digests.map(async (digest) => (await loadRevision(reader, address.org, digest)).value));
}

export async function loadRevision(reader: Reader, org: string, digest: Digest): Promise<Artifact<Revision>> {
  return must(await reader.artifact<Revision>(org, digest), `revision ${digest} has its bytes`);
}
