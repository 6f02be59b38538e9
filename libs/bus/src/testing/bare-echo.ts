import { connect } from '@nats-io/transport-node';

/** What a server and its client take for a request that nobody thinks about: the floor under answers over the bus. */
export type BareEcho = AsyncDisposable & {
  /** Answered with its own body by a connection of its own. */
  readonly subject: string;
  /** Any subject by the same client, without a header or a span. */
  ask(subject: string, body: Uint8Array): Promise<Uint8Array>;
};

const requestMs = 10_000;

/** A responder and a client, each with a connection of its own, as services have. */
export async function startBareEcho(url: string): Promise<BareEcho> {
  const subject = 'bench.echo';
  const owned = new AsyncDisposableStack();
  const responder = await connect({ servers: url, name: 'bench-echo' });
  owned.defer(() => responder.close());
  responder.subscribe(subject, {
    queue: 'echo',
    callback: (_error, message) => void message.respond(message.data),
  });
  await responder.flush();
  const client = await connect({ servers: url, name: 'bench-client' });
  owned.defer(() => client.close());
  return {
    subject,
    ask: async (to, body) => (await client.request(to, body, { timeout: requestMs })).data,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
