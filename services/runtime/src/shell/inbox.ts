/** Values that arrive while somebody does something else. */
export class Inbox<T> {
  #values: T[] = [];
  #wake: (() => void) | undefined;

  push(value: T): void {
    this.#values.push(value);
    this.wake();
  }

  /** Lets the waiter look again. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  takeAll(): T[] {
    const taken = this.#values;
    this.#values = [];
    return taken;
  }

  /** Settles when there is something, at the next `wake()`, or with the given promise. One waiter at a time. */
  async wait(orUntil?: Promise<unknown>): Promise<void> {
    if (this.#values.length > 0) return;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await (orUntil ? Promise.race([woken, orUntil]) : woken);
  }
}
