/**
 * Work in order per key: of one key at most one item is out, the others wait behind it; keys never wait for each other,
 * and each gets its turn.
 */
export class Lanes<T> {
  readonly #lanes = new Map<string, { busy: boolean; readonly waiting: T[] }>();
  /** Keys whose first item may go, longest waiting first. */
  readonly #ready = new Set<string>();

  /** How many keys have an item, out or waiting: so many handlers can be busy at most. */
  get keys(): number {
    return this.#lanes.size;
  }

  push(key: string, item: T): void {
    const lane = this.#lanes.get(key) ?? { busy: false, waiting: [] };
    lane.waiting.push(item);
    this.#lanes.set(key, lane);
    if (!lane.busy) this.#ready.add(key);
  }

  /** Takes the first item of the next key whose turn it is. */
  take(): { readonly key: string; readonly item: T } | undefined {
    const [key] = this.#ready;
    if (key === undefined) return undefined;
    this.#ready.delete(key);
    const lane = this.#lanes.get(key);
    const item = lane?.waiting.shift();
    if (lane === undefined || item === undefined) return undefined;
    lane.busy = true;
    return { key, item };
  }

  /** The item of this key that was out is settled. */
  release(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    lane.busy = false;
    if (lane.waiting.length === 0) this.#lanes.delete(key);
    else this.#ready.add(key);
  }

  /** The item that was out is first in its lane again. */
  putBack(key: string, item: T): void {
    this.#lanes.get(key)?.waiting.unshift(item);
    this.release(key);
  }
}
