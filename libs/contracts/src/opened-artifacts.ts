import type { Artifact } from '@microstax/model/artifact';
import type { ArtifactKind, Digest } from '@microstax/model/digest';

const charsMax = 40 * 1024 * 1024; // the artifacts of an activation among 10,000 services; of small ones many

/**
 * Artifacts that were opened lately. Bytes are looked at again, so that a digest in front of other bytes finds nothing
 * here; the values are shared, as artifacts never change. Stages in one process open each other's artifacts, and a
 * redelivery the same ones again.
 */
export class OpenedArtifacts {
  /** Least recently used first. */
  readonly #opened = new Map<string, Artifact>();
  #chars = 0;

  find(kind: ArtifactKind, digest: Digest, bytes: string): Artifact | undefined {
    const key = `${kind} ${digest}`;
    const artifact = this.#opened.get(key);
    if (artifact === undefined || artifact.bytes !== bytes) return undefined;
    this.#opened.delete(key);
    this.#opened.set(key, artifact);
    return artifact;
  }

  keep(artifact: Artifact): void {
    const key = `${artifact.kind} ${artifact.digest}`;
    this.#chars += artifact.bytes.length - (this.#opened.get(key)?.bytes.length ?? 0);
    this.#opened.delete(key);
    this.#opened.set(key, artifact);
    for (const [oldest, { bytes }] of this.#opened) {
      if (this.#chars <= charsMax) return;
      this.#opened.delete(oldest);
      this.#chars -= bytes.length;
    }
  }
}
