import { type DurableDefinition, type StreamDefinition, streams } from '@microstax/contracts/topology';
import { type Consumer, type ConsumerMessages, type JetStreamClient, type JsMsg, jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { bootstrap } from '../bootstrap.ts';
import type { Bus } from '../bus.ts';

/** What a server and its client take for a message that nobody thinks about: the floor under everything of ours. */
export type BareChain = AsyncDisposable & {
  /** One message through all hops; settles when the last consumer has it. */
  run(body: Uint8Array): Promise<void>;
};

const hopsOfAnActivation = 6; // six services hear one after the other
const stream: StreamDefinition = { ...streams.events, name: 'BENCH_HOPS', subjects: ['bench.hop.*'] };

/**
 * A chain of durable pull consumers on a stream with the settings of `MSX_EVENTS`, each with a connection of its own, as
 * services have: publish under an id, receive, publish the same bytes to the next, acknowledge.
 */
export async function startBareChain(bus: Bus, url: string, hops = hopsOfAnActivation): Promise<BareChain> {
  const durables = Array.from({ length: hops }, (_, index) => durableOf(index));
  await bootstrap(bus, { topology: { streams: [stream], durables, buckets: [], objectStores: [] } });
  const arrivals = new Map<string, () => void>();
  const owned = new AsyncDisposableStack();
  const clients: JetStreamClient[] = [];
  for (const durable of durables) {
    const nats = await connect({ servers: url, name: durable.name });
    owned.defer(() => nats.drain());
    const js = jetstream(nats);
    clients.push(js);
    const index = clients.length - 1;
    const consumer = await js.consumers.get(stream.name, durable.name);
    owned.use(await hearing(consumer, (message) => pass(js, message, index, hops, arrivals)));
  }
  let count = 0;
  return {
    async run(body) {
      count += 1;
      const id = `${process.pid}-${count}`;
      const { promise, resolve } = Promise.withResolvers<void>();
      arrivals.set(id, resolve);
      await publish(clients[0] as JetStreamClient, { hop: 0, id, body });
      await promise;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function durableOf(index: number): DurableDefinition {
  const limits = { ackWaitMs: 30_000, maxDeliver: 60, maxAckPending: 64 };
  const name = `bench-hop-${index}`;
  return { ...limits, name, stream: stream.name, filter: subjectOf(index), service: 'graph', hears: 'a bare message' };
}

function subjectOf(hop: number): string {
  return `bench.hop.${hop}`;
}

const idHeader = 'bench-id';

function publish(js: JetStreamClient, { hop, id, body }: { hop: number; id: string; body: Uint8Array }) {
  const own = headers();
  own.set(idHeader, id);
  return js.publish(subjectOf(hop), body, { headers: own, msgID: `${id}.${hop}` });
}

async function pass(
  js: JetStreamClient,
  message: JsMsg,
  hop: number,
  hops: number,
  arrivals: Map<string, () => void>,
): Promise<void> {
  const id = message.headers?.get(idHeader) ?? '';
  if (hop + 1 < hops) await publish(js, { hop: hop + 1, id, body: message.data });
  message.ack();
  if (hop + 1 < hops) return;
  arrivals.get(id)?.();
  arrivals.delete(id);
}

async function hearing(consumer: Consumer, hear: (message: JsMsg) => Promise<void>): Promise<AsyncDisposable> {
  const messages: ConsumerMessages = await consumer.consume({ max_messages: 64 });
  const reading = (async () => {
    for await (const message of messages) void hear(message);
  })();
  return {
    async [Symbol.asyncDispose]() {
      await messages.close();
      await reading;
    },
  };
}
