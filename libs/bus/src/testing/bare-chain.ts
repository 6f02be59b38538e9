import { type DurableDefinition, type StreamDefinition, streams } from '@microstax/contracts/topology';
import { must } from '@microstax/model/must';
import { type Consumer, type JetStreamClient, type JsMsg, jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { bootstrap } from '../bootstrap.ts';
import type { Bus } from '../bus.ts';

/** What a server and its client take for messages that nobody thinks about: the floor under everything of ours. */
export type BareChain = AsyncDisposable & {
  /** One message a hop, one after the other; settles when the consumer of the last has it. */
  run(bodies: readonly Uint8Array[]): Promise<void>;
};

const hopsMax = 6; // six services hear one after the other
const stream: StreamDefinition = { ...streams.events, name: 'BENCH_HOPS', subjects: ['bench.hop.*'] };

type Run = { readonly id: string; readonly bodies: readonly Uint8Array[]; readonly arrived: () => void };

/**
 * A chain of durable pull consumers on a stream with the settings of `MSX_EVENTS`, each with a connection of its own, as
 * services have: publish under an id, receive, publish the next, acknowledge.
 */
export async function startBareChain(bus: Bus, url: string): Promise<BareChain> {
  const durables = Array.from({ length: hopsMax }, (_, hop) => durableOf(hop));
  await bootstrap(bus, { topology: { streams: [stream], durables, buckets: [], objectStores: [] } });
  const runs = new Map<string, Run>();
  const owned = new AsyncDisposableStack();
  const clients: JetStreamClient[] = [];
  for (const [hop, { name }] of durables.entries()) {
    const nats = await connect({ servers: url, name });
    owned.defer(() => nats.drain());
    const js = jetstream(nats);
    clients.push(js);
    const consumer = await js.consumers.get(stream.name, name);
    owned.use(await hearing(consumer, (message) => pass(js, message, hop, runs)));
  }
  const first = must(clients[0], 'there is a first hop');
  let count = 0;
  return {
    async run(bodies) {
      count += 1;
      const { promise, resolve: arrived } = Promise.withResolvers<void>();
      const run: Run = { id: `${process.pid}-${count}`, bodies, arrived };
      runs.set(run.id, run);
      await publish(first, run, 0);
      await promise;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function durableOf(hop: number): DurableDefinition {
  const limits = { ackWaitMs: 30_000, maxDeliver: 60, maxAckPending: 64 };
  const name = `bench-hop-${hop}`;
  return { ...limits, name, stream: stream.name, filter: subjectOf(hop), service: 'graph', hears: 'a bare message' };
}

function subjectOf(hop: number): string {
  return `bench.hop.${hop}`;
}

const idHeader = 'bench-id';

function publish(js: JetStreamClient, { id, bodies }: Run, hop: number) {
  const own = headers();
  own.set(idHeader, id);
  return js.publish(subjectOf(hop), bodies[hop], { headers: own, msgID: `${id}.${hop}` });
}

async function pass(js: JetStreamClient, message: JsMsg, hop: number, runs: Map<string, Run>): Promise<void> {
  const run = runs.get(message.headers?.get(idHeader) ?? '');
  const isLast = hop + 1 === run?.bodies.length;
  if (run !== undefined && !isLast) await publish(js, run, hop + 1);
  message.ack();
  if (run === undefined || !isLast) return;
  runs.delete(run.id);
  run.arrived();
}

async function hearing(consumer: Consumer, hear: (message: JsMsg) => Promise<void>): Promise<AsyncDisposable> {
  const messages = await consumer.consume({ max_messages: 64 });
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
