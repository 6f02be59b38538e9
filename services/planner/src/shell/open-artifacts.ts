import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { ArtifactKind } from '@microstax/model/digest';

/** Opens one artifact of a request that carries their bytes; throws where it is not there. */
export function openArtifact<T>(
  artifacts: { readonly [kind in ArtifactKind]?: string | undefined },
  kind: ArtifactKind,
): Artifact<T> {
  const bytes = artifacts[kind];
  if (bytes === undefined) throw new Error(`Cannot plan without ${kind}: the request holds none`);
  return sealArtifact(kind, JSON.parse(bytes) as T);
}
