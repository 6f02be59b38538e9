import { type Changes, type Place, placeText } from '../core/changes.ts';

/** Tells who waits for a document that a commit of this process has written it. */
export class CommitBell {
  readonly #waiting = new Map<string, Set<() => void>>();

  ring({ puts }: Pick<Changes, 'puts'>): void {
    if (this.#waiting.size === 0) return;
    for (const put of puts) for (const wake of this.#waiting.get(placeText(put)) ?? []) wake();
  }

  /** Listens from the call on, until it is disposed: `rung` settles at the first commit that writes the document. */
  listen(place: Place): Disposable & { readonly rung: Promise<void> } {
    const key = placeText(place);
    const { promise, resolve } = Promise.withResolvers<void>();
    const here = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, here.add(resolve));
    const forget = (): void => {
      here.delete(resolve);
      if (here.size === 0 && this.#waiting.get(key) === here) this.#waiting.delete(key);
    };
    return { rung: promise, [Symbol.dispose]: forget };
  }
}
