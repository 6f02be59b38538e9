import { requestPattern, routerSubject } from '@microstax/contracts/subjects';
import { routerServiceName } from '@microstax/contracts/topology';
import { textOfBytes } from '@microstax/model/text-of-bytes';
import { contextFromHeaders, inSpan } from '@microstax/service/telemetry';
import { type Service, type ServiceMsg, Svcm } from '@nats-io/services';
import { SpanKind } from '@opentelemetry/api';
import type { Endpoint } from './bus.ts';
import { BusError, Unavailable } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { checkPayload } from './publish.ts';
import type { Answer } from './request.ts';
import { messagingAttributes } from './span-attributes.ts';
import { subjectAddress } from './subject-address.ts';
import { headerReader } from './trace-headers.ts';

/** The version that the services API wants; ours is the wire's, in `libs/contracts`. */
const version = '1.0.0';

/** Serves operations under `msx.svc.<service>.<org>.<op>`; replicas share them by their queue. */
export async function serve(connection: Connection, endpoints: readonly Endpoint[]): Promise<ServedEndpoints> {
  const name = `msx-${connection.service}`;
  const service = await manager(connection).add({ name, version, queue: connection.service });
  const served = new ServedEndpoints(connection, service);
  for (const endpoint of endpoints) {
    const { service: owner, op } = endpoint.contract;
    if (owner === 'router') throw new TypeError(`Cannot serve router ${op} as a service: use serveRouter`);
    served.add(endpoint, requestPattern(owner, op));
  }
  await connection.nats.flush(); // from here on a request is heard
  return served;
}

/** Serves as a router, which is addressed by the id that its discovery ping answers with. */
export async function serveRouter(connection: Connection, endpoints: readonly Endpoint[]): Promise<ServedEndpoints> {
  const service = await manager(connection).add({ name: routerServiceName, version });
  const served = new ServedEndpoints(connection, service);
  for (const endpoint of endpoints) served.add(endpoint, routerSubject(endpoint.contract.op, served.id));
  await connection.nats.flush();
  return served;
}

/** The ids of all routers that answer the discovery ping within `waitMs`. */
export async function discoverRouters(connection: Connection, waitMs: number): Promise<readonly string[]> {
  const ids = new Set<string>();
  try {
    const client = manager(connection).client({ strategy: 'timer', maxWait: waitMs });
    for await (const { id } of await client.ping(routerServiceName)) ids.add(id);
  } catch (error) {
    // Nobody answers the ping where no router runs: an answer, not a failure.
    connection.log.debug({ err: error }, 'no router answered');
  }
  return [...ids].sort();
}

// The services package carries its own copy of the client's types; the object is the same at run time.
function manager({ nats }: Connection): Svcm {
  return new Svcm(nats as unknown as ConstructorParameters<typeof Svcm>[0]);
}

/** A running service; disposing it takes the endpoints away and waits for the answers that are under way. */
export class ServedEndpoints implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #service: Service;
  readonly #answering = new Set<Promise<void>>();

  constructor(connection: Connection, service: Service) {
    this.#connection = connection;
    this.#service = service;
  }

  get id(): string {
    return this.#service.info().id;
  }

  add(endpoint: Endpoint, subject: string): void {
    const { op } = endpoint.contract;
    this.#service.addEndpoint(op, { subject, handler: (_error, message) => this.#begin(endpoint, message) });
  }

  #begin(endpoint: Endpoint, message: ServiceMsg): void {
    const answering = this.#answer(endpoint, message).catch((error: unknown) => {
      this.#connection.log.error({ err: error, subject: message.subject }, 'cannot answer a request');
    });
    this.#answering.add(answering);
    void answering.finally(() => this.#answering.delete(answering));
  }

  async #answer(endpoint: Endpoint, message: ServiceMsg): Promise<void> {
    const { service, op } = endpoint.contract;
    const { subject } = message;
    const header = headerReader(message.headers);
    const options = {
      kind: SpanKind.SERVER,
      attributes: messagingAttributes('serve', subject, { client: this.#connection.service }),
      parent: contextFromHeaders(header),
    };
    const answer = await inSpan(this.#connection.telemetry.tracer, `serve ${service} ${op}`, options, async () => ({
      ok: true,
      value: await endpoint.handle(parse(message) as never, { org: orgOf(endpoint, subject) }),
    })).catch((error: unknown) => this.#failure(`${service} ${op}`, error));
    message.respond(this.#encode(`${service} ${op}`, answer as Answer));
  }

  #failure(what: string, error: unknown): Answer {
    if (error instanceof BusError) return refusal(error.code, error.message);
    if (error instanceof Unavailable) return refusal('unavailable', error.message);
    this.#connection.log.error({ err: error }, `cannot answer ${what}`);
    return refusal('failed', `Cannot answer ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  #encode(what: string, answer: Answer): Uint8Array {
    const bytes = Buffer.from(JSON.stringify(answer));
    try {
      checkPayload(this.#connection, `answer ${what}`, bytes);
      return bytes;
    } catch (error) {
      return new TextEncoder().encode(JSON.stringify(this.#failure(what, error)));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // In an outage it waits for a server that is not there.
    if (this.#connection.state() === 'connected') await this.#service.stop();
    else void this.#service.stop().catch(() => {});
    await Promise.all(this.#answering);
  }
}

/** A router's subject names no organisation: its requests do. */
function orgOf({ contract }: Endpoint, subject: string): string {
  if (contract.service === 'router') return '';
  const { org } = subjectAddress(subject);
  if (org === undefined)
    throw new BusError('refused', `Cannot answer on ${JSON.stringify(subject)}: its organisation is no allowed token`);
  return org;
}

function parse(message: ServiceMsg): unknown {
  if (message.data.byteLength === 0) return null;
  try {
    return JSON.parse(textOfBytes(message.data));
  } catch (error) {
    throw new BusError('refused', 'Cannot read the request: it is not JSON', { cause: error });
  }
}

function refusal(code: string, message: string): Answer {
  return { ok: false, error: { code, message } };
}
