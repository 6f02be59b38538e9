// For tests: collections, snapshots and write-write conflicts as the documentation of ArangoDB describes them
// (transactions: locking and isolation). A model of what is documented, not of what a server does.

export type Doc = { readonly _key: string; readonly [attribute: string]: unknown };

export class ArangoFault extends Error {
  readonly status: number;
  readonly errorNum: number;

  constructor(status: number, errorNum: number, message: string) {
    super(message);
    this.status = status;
    this.errorNum = errorNum;
  }
}

export const fault = {
  conflict: () => new ArangoFault(409, 1200, 'write-write conflict'),
  unique: (key: string) =>
    new ArangoFault(409, 1210, `unique constraint violated - in index primary over '_key': ${key}`),
  collectionNotFound: (name: string) => new ArangoFault(404, 1203, `collection or view not found: ${name}`),
  unregistered: (name: string) => new ArangoFault(400, 1652, `unregistered collection used in transaction: ${name}`),
  badKey: (key: string) => new ArangoFault(400, 1221, `illegal document key: ${key}`),
};

export type Access = { readonly read: ReadonlySet<string>; readonly write: ReadonlySet<string> };

/** Data of one database: what is committed, and when each document was changed last. */
export class StandInData {
  readonly collections = new Map<string, Map<string, Doc>>();
  readonly #changedAt = new Map<string, number>();
  readonly #holders = new Map<string, StandInTransaction>();
  #time = 0;

  begin(access: Access | 'implicit'): StandInTransaction {
    const named = access === 'implicit' ? [] : [...access.read, ...access.write];
    for (const name of named) if (!this.collections.has(name)) throw fault.collectionNotFound(name);
    return new StandInTransaction(this, access, this.#time);
  }

  changedAfter(time: number, place: string): boolean {
    return (this.#changedAt.get(place) ?? 0) > time;
  }

  hold(place: string, by: StandInTransaction): void {
    const holder = this.#holders.get(place) ?? by;
    if (holder !== by) throw fault.conflict();
    this.#holders.set(place, by);
  }

  apply(writes: ReadonlyMap<string, ReadonlyMap<string, Doc | null>>): void {
    this.#time++;
    for (const [name, docs] of writes)
      for (const [key, doc] of docs) {
        this.#changedAt.set(`${name}/${key}`, this.#time);
        if (doc === null) this.collections.get(name)?.delete(key);
        else this.collections.get(name)?.set(key, doc);
      }
  }

  release(by: StandInTransaction): void {
    for (const [place, holder] of this.#holders) if (holder === by) this.#holders.delete(place);
  }
}

export class StandInTransaction {
  status: 'running' | 'committed' | 'aborted' = 'running';
  readonly #data: StandInData;
  readonly #access: Access | 'implicit';
  readonly #snapshot: ReadonlyMap<string, ReadonlyMap<string, Doc>>;
  readonly #begunAt: number;
  readonly #writes = new Map<string, Map<string, Doc | null>>();

  constructor(data: StandInData, access: Access | 'implicit', now: number) {
    this.#data = data;
    this.#access = access;
    this.#snapshot = new Map([...data.collections].map(([name, docs]) => [name, new Map(docs)]));
    this.#begunAt = now;
  }

  /** Documents as this transaction sees them. */
  read(name: string): readonly Doc[] {
    this.#require(name, 'read');
    const docs = new Map(this.#snapshot.get(name));
    for (const [key, doc] of this.#writes.get(name) ?? []) doc === null ? docs.delete(key) : docs.set(key, doc);
    return [...docs.values()];
  }

  has(name: string, key: string): boolean {
    return this.read(name).some(({ _key }) => _key === key);
  }

  write(name: string, key: string, doc: Doc | null): void {
    this.#require(name, 'write');
    if (!/^[\w\-:.@()+,=;$!*'%]{1,254}$/.test(key)) throw fault.badKey(key);
    const place = `${name}/${key}`;
    this.#data.hold(place, this);
    if (this.#data.changedAfter(this.#begunAt, place)) throw fault.conflict();
    const docs = this.#writes.get(name) ?? new Map<string, Doc | null>();
    this.#writes.set(name, docs.set(key, doc));
  }

  commit(): void {
    if (this.status === 'running') this.#data.apply(this.#writes);
    this.status = 'committed';
    this.#data.release(this);
  }

  abort(): void {
    this.status = 'aborted';
    this.#data.release(this);
  }

  #require(name: string, access: 'read' | 'write'): void {
    if (!this.#data.collections.has(name)) throw fault.collectionNotFound(name);
    if (this.#access === 'implicit' || this.#access.write.has(name)) return;
    if (access === 'write' || !this.#access.read.has(name)) throw fault.unregistered(name);
  }
}
