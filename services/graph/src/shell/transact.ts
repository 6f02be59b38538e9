// Owns: how a decision becomes true. Load, decide, one commit guarded by every row that was read; where a guard is lost,
// all of it again from the start.
// 1. A decision is pure, so deciding again is harmless.
// 2. Who lost a race tries again in turn with all others who lost one over the same row, so that they do not race anew.
// 3. Immutable rows (artifacts) are read without a guard; scans are not guarded, so who relies on one bumps a row.
import { Unavailable } from '@microstax/bus/bus-error';
import type { Artifact } from '@microstax/model/artifact';
import type { Digest } from '@microstax/model/digest';
import { type Append, type Changes, type Collection, type Place, placeText, together } from '../core/changes.ts';
import type { Installation } from '../core/derive-state.ts';
import type { ArtifactDocument } from '../core/documents.ts';
import { artifactAt } from '../core/places.ts';
import { KeyedTurns } from './keyed-turns.ts';
import { type GraphStore, type Guard, type ScanRange, StoreError } from './store/graph-store.ts';

/** Attempts before a commit that keeps losing its race is an outage. */
const attemptsMax = 64;

export type Transact = <State, Decision extends { readonly changes: Changes }>(
  load: (reader: Reader) => Promise<State>,
  decide: (state: State) => Decision,
) => Promise<Decision>;

/** What a commit changed, and the numbers that the rows of its logs have; null where the store gives them later. */
export type Committed = {
  readonly changes: Changes;
  readonly appended: readonly (Append & { readonly n: number | null })[];
};

/** Who hears of every commit: what others wait for is begun at once, the rest once whoever asked has gone on. */
export type Followers = {
  readonly atOnce?: (committed: Committed) => void;
  readonly later: (committed: Committed) => void;
};

/** Makes `transact` for a store. Rejects with `Unavailable` on an outage. */
export function transactOn(store: GraphStore, followers: Followers, installation: Installation = {}): Transact {
  const turns = new KeyedTurns();
  return async (load, decide) => {
    try {
      const first = await attempt(new Reader(store, installation), store, followers, load, decide);
      if (first.kind === 'decided') return first.decision;
      return await turns.take(placeText(first.at), async () => {
        for (let attempts = 1; attempts < attemptsMax; attempts++) {
          const next = await attempt(new Reader(store, installation), store, followers, load, decide);
          if (next.kind === 'decided') return next.decision;
        }
        throw new Unavailable(`the graph store, which was changed ${attemptsMax} times while one decision was made,`);
      });
    } catch (error) {
      throw error instanceof StoreError ? new Unavailable('the graph store', { cause: error }) : error;
    }
  };
}

type Attempt<Decision> =
  | { readonly kind: 'decided'; readonly decision: Decision }
  | { readonly kind: 'lost'; readonly at: Place };

async function attempt<State, Decision extends { readonly changes: Changes }>(
  reader: Reader,
  store: GraphStore,
  followers: Followers,
  load: (reader: Reader) => Promise<State>,
  decide: (state: State) => Decision,
): Promise<Attempt<Decision>> {
  const decision = decide(await load(reader));
  if (isNothing(decision.changes)) return { kind: 'decided', decision };
  const changes = together(decision.changes);
  const result = await store.commit({ ...changes, guards: reader.guards() });
  if (result.kind === 'conflict') return { kind: 'lost', at: result.at };
  const { appended } = result;
  const rows = changes.appends.map((row, index) => ({ ...row, n: appended[index]?.n ?? null }));
  const committed = { changes, appended: rows };
  followers.atOnce?.(committed);
  setImmediate(() => followers.later(committed));
  return { kind: 'decided', decision };
}

function isNothing({ puts, removes, appends }: Changes): boolean {
  return puts.length + removes.length + appends.length === 0;
}

/** Reads rows of one decision and remembers their versions. */
export class Reader {
  readonly #store: GraphStore;
  readonly #read = new Map<string, { readonly guard: Guard; readonly body: unknown }>();
  readonly #seen = new Map<string, unknown>();

  /** What is frozen with whatever is derived. */
  readonly installation: Installation;

  constructor(store: GraphStore, installation: Installation = {}) {
    this.#store = store;
    this.installation = installation;
  }

  /** From here on rows read as they are once these changes are made, in the same commit. */
  see({ puts }: Changes): void {
    for (const put of puts) this.#seen.set(placeText(put), put.body);
  }

  /** A row that the decision depends on; null where there is none, and none may appear before the commit. */
  async get<T>(place: Place): Promise<T | null> {
    return (await this.getMany<T>([place]))[0] ?? null;
  }

  async getMany<T>(places: readonly Place[]): Promise<readonly (T | null)[]> {
    const missing = places.filter((place) => !this.#read.has(placeText(place)));
    const rows = await this.#store.getMany(missing);
    for (const [index, place] of missing.entries()) {
      const row = rows[index];
      this.#read.set(placeText(place), { guard: { ...place, version: row?.version ?? 0 }, body: row?.body ?? null });
    }
    return places.map((place) => {
      const text = placeText(place);
      return (this.#seen.get(text) ?? this.#read.get(text)?.body ?? null) as T | null;
    });
  }

  /** Rows that the decision may read as they were a moment ago. */
  async peekMany<T>(places: readonly Place[]): Promise<readonly (T | null)[]> {
    const rows = await this.#store.getMany<T>(places);
    return rows.map((row, index) => this.#seenAt<T>(places[index]) ?? row?.body ?? null);
  }

  /** Which of these rows are there, without their bodies. */
  async has(places: readonly Place[]): Promise<readonly boolean[]> {
    const rows = await this.#store.getMany(places);
    return rows.map((row, index) => row !== undefined || this.#seenAt(places[index]) !== undefined);
  }

  #seenAt<T>(place: Place | undefined): T | undefined {
    return place && (this.#seen.get(placeText(place)) as T | undefined);
  }

  async scan<T>(collection: Collection, range: ScanRange): Promise<readonly T[]> {
    return (await this.#store.scan<T>(collection, range)).map(({ body }) => body);
  }

  /** An artifact by its digest; null where its bytes are not recorded. */
  async artifact<T>(org: string, digest: Digest): Promise<Artifact<T> | null> {
    const place = artifactAt(org, digest);
    const document =
      this.#seenAt<ArtifactDocument>(place) ??
      (await this.#store.get<ArtifactDocument>(place.collection, place.key))?.body;
    if (document === undefined) return null;
    const { kind, bytes } = document;
    return { kind, digest, bytes, value: parsedValue(document) as T };
  }

  guards(): readonly Guard[] {
    return [...this.#read.values()].map(({ guard }) => guard);
  }
}

/** A store that keeps documents gives the same one again, and an artifact's value is then parsed once. */
const values = new WeakMap<ArtifactDocument, unknown>();

/** Whoever writes an artifact that he has opened spares others to parse it. */
export function rememberValue(document: ArtifactDocument, value: unknown): void {
  values.set(document, value);
}

function parsedValue(document: ArtifactDocument): unknown {
  const known = values.get(document);
  if (known !== undefined) return known;
  const value: unknown = JSON.parse(document.bytes);
  values.set(document, value);
  return value;
}
