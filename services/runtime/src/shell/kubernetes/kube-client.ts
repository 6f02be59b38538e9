// Owns: sockets to one API server, and what an answer means.
// Does not own: whether a call is made again (the executor), what an object says.
//
// 1. JSON as it is: nothing is dropped that a generated type does not know, and the server refuses what it does not know.
// 2. Sockets are shared for as long as the TLS material stays the same; credentials are asked for with every call.
// 3. A write without an answer is `unknown`, never failed.
// 4. An API server that has just come back knows nobody's rights for a moment: what it then forbids was not refused.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Clock, systemClock } from '@microstax/service/clock';
import { failureOf, isAboutRights, type KubeAnswer, type KubeFailure } from '../../core/kubernetes/kube-answer.ts';
import {
  apiVersionOf,
  collectionPath,
  type KubeKind,
  type KubeObject,
  nameOf,
  type ObjectName,
  objectPath,
} from '../../core/kubernetes/kube-object.ts';
import { fieldManager } from '../../core/kubernetes/marks.ts';
import type { Credentials, KubeConnection } from './kube-connection.ts';

export type Selection = { readonly labels?: Readonly<Record<string, string>>; readonly fields?: string };

export type Preconditions = { readonly uid: string; readonly resourceVersion: string };

type Call = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
};

/** What a driver asks of an API server; the whole of it can be replaced in a test. */
export type KubeApi = Pick<KubeClient, 'get' | 'list' | 'apply' | 'merge' | 'create' | 'delete'>;

type Pool = { readonly tls: string; readonly agent: HttpAgent };

const socketsMax = 16; // one reset socket fails one call
const callTimeoutMsDefault = 15_000;
const settlingMs = 15_000;

export class KubeClient implements AsyncDisposable {
  readonly #connection: KubeConnection;
  readonly #callTimeoutMs: number;
  readonly #clock: Clock;
  #pool: Pool | undefined;
  #awayAtMs = Number.NEGATIVE_INFINITY;

  constructor(connection: KubeConnection, options: { readonly callTimeoutMs?: number; readonly clock?: Clock } = {}) {
    this.#connection = connection;
    this.#clock = options.clock ?? systemClock;
    this.#callTimeoutMs = options.callTimeoutMs ?? callTimeoutMsDefault;
  }

  /** The object as it is, or `absent`. */
  get(name: ObjectName): Promise<KubeAnswer<KubeObject>> {
    return this.#call({ method: 'GET', path: objectPath(name) });
  }

  /** All of a kind, in a namespace or the whole cluster; each with its kind, which lists leave out. */
  async list(
    kind: KubeKind,
    namespace: string | undefined,
    { labels = {}, fields }: Selection = {},
  ): Promise<KubeAnswer<KubeObject[]>> {
    const labelSelector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const answer = await this.#call<{ items?: KubeObject[] }>({
      method: 'GET',
      path: collectionPath(kind, namespace),
      query: {
        labelSelector: labelSelector.length > 0 ? labelSelector.join(',') : undefined,
        fieldSelector: fields,
      },
    });
    if (answer.kind !== 'ok') return answer;
    const items = answer.value.items ?? [];
    return { kind: 'ok', value: items.map((item) => ({ ...item, apiVersion: apiVersionOf(kind), kind })) };
  }

  /**
   * Server-side apply. With a `resourceVersion` in the object it changes that one and no other; with the version "1",
   * which no object has, it only creates.
   */
  apply(object: KubeObject): Promise<KubeAnswer<KubeObject>> {
    return this.#call({
      method: 'PATCH',
      path: objectPath(nameOf(object)),
      query: { fieldManager, force: 'true', fieldValidation: 'Strict' },
      body: object,
      contentType: 'application/apply-patch+yaml', // JSON is YAML
    });
  }

  /** Changes the given members of an object; the patch names the version that it changes. */
  merge(name: ObjectName, patch: object): Promise<KubeAnswer<KubeObject>> {
    return this.#call({
      method: 'PATCH',
      path: objectPath(name),
      query: { fieldManager, fieldValidation: 'Strict' },
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  /** Makes an object that must not be there. */
  create(object: KubeObject): Promise<KubeAnswer<KubeObject>> {
    const { kind, namespace } = nameOf(object);
    const query = { fieldManager, fieldValidation: 'Strict' };
    return this.#call({ method: 'POST', path: collectionPath(kind, namespace), query, body: object });
  }

  /** Deletes exactly this object, as it was read; what it owns goes after it. */
  delete(name: ObjectName, preconditions: Preconditions): Promise<KubeAnswer<unknown>> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions };
    return this.#call({ method: 'DELETE', path: objectPath(name), body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool?.agent.destroy();
  }

  async #call<T>({ method, path, query = {}, body, contentType = 'application/json' }: Call): Promise<KubeAnswer<T>> {
    const writes = method !== 'GET';
    const url = new URL(this.#connection.server + path);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, value);
    let credentials: Credentials;
    try {
      credentials = await this.#connection.credentials();
    } catch (error) {
      return { kind: 'unavailable', message: `no credentials: ${messageOf(error)}` };
    }
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      ...credentials.headers,
      accept: 'application/json',
      'user-agent': fieldManager,
      // Node frames no body of a DELETE by itself: it would run into the next request of the connection.
      ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': String(payload.length) }),
    };
    const sent = await this.#send(url, { method, headers, payload, credentials });
    if (sent.kind === 'failed') {
      const message = `${url.host}: ${sent.message}`;
      this.#awayAtMs = this.#clock.monotonicMs();
      return writes && sent.mayHaveArrived ? { kind: 'unknown', message } : { kind: 'unavailable', message };
    }
    const { status, text, retryAfter } = sent;
    if (status >= 400) {
      const failure = failureOf({ status, text, writes, ...(retryAfter === undefined ? {} : { retryAfter }) });
      return this.#settled(failure);
    }
    try {
      return { kind: 'ok', value: JSON.parse(text) as T };
    } catch {
      return { kind: writes ? 'unknown' : 'unavailable', message: `${url.host} answered ${status} with no JSON` };
    }
  }

  #settled(failure: KubeFailure): KubeFailure {
    const now = this.#clock.monotonicMs();
    if (failure.kind === 'unavailable') this.#awayAtMs = now;
    if (failure.kind !== 'refused' || now - this.#awayAtMs >= settlingMs || !isAboutRights(failure)) return failure;
    return { kind: 'unavailable', message: `${failure.status} ${failure.reason}: ${failure.message}` };
  }

  #send(
    url: URL,
    call: { method: string; headers: Record<string, string>; payload: Buffer | undefined; credentials: Credentials },
  ): Promise<Sent> {
    const { method, headers, payload, credentials } = call;
    const secure = url.protocol === 'https:';
    const agent = this.#agent(secure, credentials);
    return new Promise((resolve) => {
      let connected = false;
      const options = { method, headers, agent };
      const request = secure ? httpsRequest(url, options) : httpRequest(url, options);
      const fail = (message: string): void => {
        clearTimeout(timer);
        resolve({ kind: 'failed', message, mayHaveArrived: connected });
        request.destroy();
      };
      const timer = setTimeout(() => fail(`no answer within ${this.#callTimeoutMs / 1_000} s`), this.#callTimeoutMs);
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true));
        else connected = true;
      });
      request.once('error', (error) => fail(messageOf(error)));
      request.once('response', (response) => {
        readAll(response).then(
          (text) => {
            clearTimeout(timer);
            const retryAfter = response.headers['retry-after'];
            const status = response.statusCode ?? 0;
            resolve({ kind: 'answered', status, text, ...(retryAfter === undefined ? {} : { retryAfter }) });
          },
          (error) => fail(messageOf(error)),
        );
      });
      request.end(payload);
    });
  }

  #agent(secure: boolean, { tls }: Credentials): HttpAgent {
    const key = JSON.stringify(tls, (_, value) => (Buffer.isBuffer(value) ? value.toString('base64') : value));
    // Calls under way keep the sockets that they have.
    if (this.#pool?.tls === key) return this.#pool.agent;
    const options = { keepAlive: true, maxSockets: socketsMax };
    this.#pool = { tls: key, agent: secure ? new HttpsAgent({ ...options, ...tls }) : new HttpAgent(options) };
    return this.#pool.agent;
  }
}

type Sent =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string; readonly retryAfter?: string }
  | { readonly kind: 'failed'; readonly message: string; readonly mayHaveArrived: boolean };

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function messageOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || String(error);
}
