// For tests: a server that speaks as much of ArangoDB's HTTP API as the adapter uses, written from its public
// documentation, that records what it is sent and can be told to fail. It shows what we send and how we take answers;
// it cannot show what ArangoDB answers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ArangoFault, StandInData, type StandInTransaction } from './arango-stand-in-data.ts';
import { queryId, runKnown } from './arango-stand-in-queries.ts';

export type Recorded = {
  readonly method: string;
  /** Without the database. */
  readonly path: string;
  readonly database: string;
  readonly trx: string | undefined;
  readonly body: Body;
  /** Of a cursor's query. */
  readonly query: string | undefined;
  /** Filled in when it is answered. */
  status: number | undefined;
};

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by tests
export type Body = any;

/** `drop` closes the socket instead of working, `drop after` instead of answering; `hang` never answers. */
export type Failure = ArangoFault | 'drop' | 'drop after' | 'hang';

type Failing = { readonly when: (request: Recorded) => boolean; readonly how: Failure; left: number };
type StandInDatabase = {
  readonly sharding: string;
  readonly data: StandInData;
  readonly indexes: { readonly collection: string; readonly fields: readonly string[] }[];
  readonly graphs: Map<string, Body>;
};
type Rest = { readonly rows: readonly unknown[]; readonly size: number; readonly trx: string | undefined };
type Answer = { readonly status: number; readonly body: Body };
type Call = { readonly request: Recorded; readonly database: StandInDatabase };

export class ArangoStandIn implements AsyncDisposable {
  readonly requests: Recorded[] = [];
  readonly databases = new Map<string, StandInDatabase>();
  /** What a cluster answers when asked who it is; a single server by default. */
  role = 'SINGLE';
  password = 'secret of the stand-in';
  readonly #server: Server;
  readonly #failing: Failing[] = [];
  readonly #transactions = new Map<string, StandInTransaction>();
  readonly #cursors = new Map<string, Rest>();
  #lastId = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#hear(request, response));
    this.createDatabase('_system', '');
  }

  static async start(): Promise<ArangoStandIn> {
    const standIn = new ArangoStandIn();
    await new Promise<void>((resolve) => standIn.#server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  createDatabase(name: string, sharding: string): void {
    this.databases.set(name, { sharding, data: new StandInData(), indexes: [], graphs: new Map() });
  }

  /** Requests that match fail, as many as said, then no more. */
  fail(how: Failure, when: (request: Recorded) => boolean, times = 1): void {
    this.#failing.push({ when, how, left: times });
  }

  /** From now on nothing fails. */
  heal(): void {
    this.#failing.length = 0;
  }

  /** Transactions that nobody went on with are ended, as a server does after their idle time. */
  endIdle(): void {
    for (const transaction of this.#transactions.values()) if (transaction.status === 'running') transaction.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #hear(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = (await incoming.toArray()).join('');
    const [, database = '_system', path = ''] = /^(?:\/_db\/([^/]+))?(\/.*)$/.exec(incoming.url ?? '') ?? [];
    const body = text === '' ? undefined : JSON.parse(text);
    const trx = incoming.headers['x-arango-trx-id'] as string | undefined;
    const query = body?.query === undefined ? undefined : queryId(body.query);
    const request: Recorded = { method: incoming.method ?? '', path, database, trx, body, query, status: undefined };
    this.requests.push(request);

    const failing = this.#failing.find(({ when, left }) => left > 0 && when(request));
    if (failing) failing.left--;
    if (failing?.how === 'hang') return;
    if (failing?.how === 'drop') return void incoming.socket.destroy();
    const answer = failing?.how instanceof ArangoFault ? refusal(failing.how) : this.#answer(request, incoming);
    if (failing?.how === 'drop after') return void incoming.socket.destroy();
    request.status = answer.status;
    response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(answer.body));
  }

  #answer(request: Recorded, { headers }: IncomingMessage): Answer {
    try {
      const [, credentials = ''] = /^Basic (.*)$/.exec(headers.authorization ?? '') ?? [];
      if (Buffer.from(credentials, 'base64').toString() !== `root:${this.password}`)
        throw new ArangoFault(401, 11, 'not authorized to execute this request');
      const database = this.databases.get(request.database);
      if (database === undefined) throw new ArangoFault(404, 1228, 'database not found');
      return this.#route({ request, database });
    } catch (error) {
      return refusal(error instanceof ArangoFault ? error : new ArangoFault(500, 4, String(error)));
    }
  }

  #route(call: Call): Answer {
    const { method, path } = call.request;
    const [, id = ''] = /^\/_api\/(?:transaction|cursor)\/([^/]+)/.exec(path) ?? [];
    const route = `${method} ${path.replace(/\?.*$/, '').replace(/^(\/_api\/(?:transaction|cursor))\/\d+.*$/, '$1/id')}`;
    switch (route) {
      case 'GET /_api/database/current':
        return done(200, { result: this.#describe(call) });
      case 'POST /_api/database':
        return this.#createDatabase(call);
      case 'GET /_admin/server/role':
        return done(200, { role: this.role });
      case 'POST /_api/collection':
        return createCollection(call);
      case 'POST /_api/index':
        return createIndex(call);
      case 'POST /_api/gharial':
        return createGraph(call);
      case 'POST /_api/transaction/begin':
        return this.#begin(call);
      case 'PUT /_api/transaction/id':
        return this.#end(id, 'committed');
      case 'DELETE /_api/transaction/id':
        return this.#end(id, 'aborted');
      case 'GET /_api/transaction/id':
        return done(200, { result: { id, status: this.#transaction(id).status } });
      case 'POST /_api/cursor':
        return this.#query(call);
      case 'POST /_api/cursor/id':
      case 'PUT /_api/cursor/id':
        return this.#more(call, id);
      default:
        throw new ArangoFault(404, 404, `unknown path '${path}'`);
    }
  }

  #describe({ request, database }: Call): Body {
    const name = request.database;
    const info = { name, id: '1', path: '', isSystem: name === '_system' };
    return this.role === 'SINGLE'
      ? info
      : { ...info, sharding: database.sharding, replicationFactor: 3, writeConcern: 2 };
  }

  #createDatabase({ request }: Call): Answer {
    const { name, options } = request.body;
    if (request.database !== '_system') throw new ArangoFault(403, 11, 'only in _system');
    if (this.databases.has(name)) throw new ArangoFault(409, 1207, 'duplicate database name');
    this.createDatabase(name, options?.sharding ?? '');
    return done(201, { result: true });
  }

  #begin({ request, database }: Call): Answer {
    const { collections, allowImplicit } = request.body;
    if (allowImplicit !== false) throw new ArangoFault(400, 10, 'the stand-in wants every collection declared');
    const { read = [], write = [], exclusive = [] } = collections;
    const id = String(++this.#lastId);
    const access = { read: new Set<string>([read].flat()), write: new Set<string>([write, exclusive].flat(2)) };
    this.#transactions.set(id, database.data.begin(access));
    return done(201, { result: { id, status: 'running' } });
  }

  #end(id: string, status: 'committed' | 'aborted'): Answer {
    const trx = this.#transaction(id);
    if (trx.status !== 'running' && trx.status !== status)
      throw new ArangoFault(409, 1654, `transaction was already ${trx.status}`);
    status === 'committed' ? trx.commit() : trx.abort();
    return done(200, { result: { id, status } });
  }

  #query({ request, database }: Call): Answer {
    const { query, bindVars = {}, batchSize = 1_000 } = request.body;
    const trx = request.trx === undefined ? database.data.begin('implicit') : this.#running(request.trx);
    try {
      const rows = runKnown(trx, query, bindVars);
      if (request.trx === undefined) trx.commit();
      return this.#batch(rows, { size: batchSize, trx: request.trx, id: String(++this.#lastId) }, 201);
    } catch (error) {
      // A failed step does not end its transaction (stream transactions); a query on its own leaves nothing.
      if (request.trx === undefined) trx.abort();
      throw error;
    }
  }

  #more({ request }: Call, id: string): Answer {
    const rest = this.#cursors.get(id);
    this.#cursors.delete(id);
    if (rest === undefined || rest.trx !== request.trx) throw new ArangoFault(404, 1600, 'cursor not found');
    return this.#batch(rest.rows, { ...rest, id }, 200);
  }

  #batch(
    rows: readonly unknown[],
    { size, trx, id }: Omit<Rest, 'rows'> & { readonly id: string },
    status: number,
  ): Answer {
    const [result, more] = [rows.slice(0, size), rows.slice(size)];
    if (more.length === 0) return done(status, { result, hasMore: false, cached: false, extra: {} });
    this.#cursors.set(id, { rows: more, size, trx });
    return done(status, { result, hasMore: true, id, cached: false, extra: {} });
  }

  #running(id: string): StandInTransaction {
    const trx = this.#transaction(id);
    if (trx.status === 'running') return trx;
    throw new ArangoFault(410, 1654, `transaction ${id} has already been ${trx.status}`);
  }

  #transaction(id: string): StandInTransaction {
    const trx = this.#transactions.get(id);
    if (trx === undefined) throw new ArangoFault(404, 1655, `transaction '${id}' not found`);
    return trx;
  }
}

function createCollection({ request, database }: Call): Answer {
  const { collections } = database.data;
  const { name } = request.body;
  if (collections.has(name)) throw new ArangoFault(409, 1207, `duplicate name: ${name}`);
  collections.set(name, new Map());
  return done(200, { name, type: request.body.type ?? 2 });
}

function createIndex({ request, database }: Call): Answer {
  const collection = new URL(request.path, 'http://stand-in').searchParams.get('collection') ?? '';
  if (!database.data.collections.has(collection))
    throw new ArangoFault(404, 1203, `collection not found: ${collection}`);
  const { fields } = request.body;
  const there = database.indexes.some((index) => index.collection === collection && `${index.fields}` === `${fields}`);
  if (!there) database.indexes.push({ collection, fields });
  return done(there ? 200 : 201, { ...request.body, isNewlyCreated: !there });
}

function createGraph({ request, database }: Call): Answer {
  const { name } = request.body;
  if (database.graphs.has(name)) throw new ArangoFault(409, 1925, `graph already exists: ${name}`);
  database.graphs.set(name, request.body);
  return done(202, { graph: request.body });
}

function done(status: number, body: Body): Answer {
  return { status, body: { error: false, code: status, ...body } };
}

function refusal({ status, errorNum, message }: ArangoFault): Answer {
  return { status, body: { error: true, code: status, errorNum, errorMessage: message } };
}
