/** Tells whoever waits that something is different now. */
export class Changes {
  readonly #listeners = new Set<() => void>();
  #closed = false;

  /** Returns the function that takes the listener out again. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(): void {
    if (this.#listeners.size === 0) return; // as after most requests
    for (const listener of [...this.#listeners]) listener();
  }

  /** Settles with true once the check holds; with false after `timeoutMs`, or when this is closed. */
  until(check: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (check()) settle(true);
        else if (this.#closed) settle(false);
      };
      const settle = (holds: boolean): void => {
        clearTimeout(late);
        forget();
        resolve(holds);
      };
      const late = setTimeout(() => settle(check()), Math.max(0, timeoutMs));
      const forget = this.add(look);
      look();
    });
  }

  /** Nobody waits on. */
  close(): void {
    this.#closed = true;
    this.tell();
  }
}
