import type { Digest } from '@microstax/model/digest';

/**
 * Bytes of artifacts that went through this process lately, least recently used first. Equal digests have equal bytes,
 * and who opens an artifact compares its digest, so bytes from here are as good as those of the object store. The
 * stages of one activation ask for the same ones, and the activations of one baseline's overlays again.
 */
export class RecentBytes {
  readonly #charsMax: number;
  readonly #known = new Map<Digest, string>();
  #chars = 0;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  get(digest: Digest): string | undefined {
    const bytes = this.#known.get(digest);
    if (bytes === undefined) return undefined;
    this.#known.delete(digest);
    this.#known.set(digest, bytes);
    return bytes;
  }

  set(digest: Digest, bytes: string): void {
    if (this.#known.get(digest) !== undefined || bytes.length > this.#charsMax) return;
    this.#known.set(digest, bytes);
    this.#chars += bytes.length;
    for (const [oldest, { length }] of this.#known) {
      if (this.#chars <= this.#charsMax) return;
      this.#known.delete(oldest);
      this.#chars -= length;
    }
  }
}
