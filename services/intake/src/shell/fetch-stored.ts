import type { Bus } from '@microstax/bus/bus';
import { artifact, storedRevision } from '@microstax/contracts/graph-requests';
import type { Digest } from '@microstax/model/digest';
import type { ReadBlueprint, UnreadableBlueprint } from '../core/read-blueprint.ts';
import type { StoredInput } from '../core/stored/read-input.ts';
import { partsOfClosure, readFromClosure, readFromStored } from '../core/stored/read-stored.ts';
import { askGraph } from './ask-graph.ts';

/** The Blueprint that a stored generation or a closure amounts to. Rejects with `Unavailable` where the graph is away. */
export async function fetchStored(bus: Bus, input: StoredInput): Promise<ReadBlueprint | UnreadableBlueprint> {
  const { place, address } = input;
  if (place.kind === 'from') {
    const { env, generation } = place;
    return readFromStored(input, await askGraph(bus, storedRevision, address.org, { env, generation }));
  }
  const bytesOf = (digest: Digest): Promise<string | undefined> => findBytes(bus, address.org, digest);
  const closure = await bytesOf(place.digest);
  const parts = new Map<Digest, string>();
  for (const { digest } of partsOfClosure(input, closure)) {
    const bytes = await bytesOf(digest);
    if (bytes !== undefined) parts.set(digest, bytes);
  }
  return readFromClosure(input, closure, parts);
}

/** What this graph keeps; else what somebody put into the object store, as one does who brings it from elsewhere. */
async function findBytes(bus: Bus, org: string, digest: Digest): Promise<string | undefined> {
  const known = await askGraph(bus, artifact, org, { digest });
  return known?.bytes ?? bus.getObject(digest);
}
