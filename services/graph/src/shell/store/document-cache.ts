// Owns: documents as the database has them, the most recently used. For an adapter that is the only writer of its file.
// 1. Entries are set in the order in which the database answered, so what is here is what it had then, or newer.
// 2. A guard compares with the database and not with this, so a decision made on an entry is as safe as one on a read.
import type { Place } from '../../core/changes.ts';

/** A document, or that there is none (version 0). Bodies are shared by all who ask: documents never change. */
export type Cached = { readonly version: number; readonly body: unknown };

const entryChars = 200; // what an entry takes beside its text, about

export class DocumentCache {
  readonly #charsMax: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #chars = 0;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** undefined: not known here. */
  get(place: Place): Cached | undefined {
    const key = keyOf(place);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** `text` is the document's JSON, null: there is none. `body` is the same parsed, where the caller has it. */
  set(place: Place, version: number, text: string | null, body?: unknown): Cached {
    const key = keyOf(place);
    const chars = entryChars + key.length + (text?.length ?? 0);
    const entry = new Entry(version, chars, body === undefined ? text : null, body);
    this.#remove(key);
    this.#entries.set(key, entry);
    this.#chars += entry.chars;
    for (const oldest of this.#entries.keys()) {
      if (this.#chars <= this.#charsMax) break;
      this.#remove(oldest);
    }
    return entry;
  }

  #remove(key: string): void {
    this.#chars -= this.#entries.get(key)?.chars ?? 0;
    this.#entries.delete(key);
  }
}

/** Parsed when somebody looks, which after most commits nobody does. */
class Entry implements Cached {
  readonly version: number;
  readonly chars: number;
  #text: string | null;
  #body: unknown;

  constructor(version: number, chars: number, text: string | null, body: unknown) {
    this.version = version;
    this.chars = chars;
    this.#text = text;
    this.#body = body;
  }

  get body(): unknown {
    if (this.#text !== null) this.#body = JSON.parse(this.#text) as unknown;
    this.#text = null;
    return this.#body;
  }
}

function keyOf({ collection, key }: Place): string {
  return `${collection}|${key}`;
}
