// Owns: what the bus holds, made from the one table in libs/contracts (protocol 29: only the graph does this).
//
// 1. It adds what is missing and changes nothing that is there: where something differs it stops, and a person decides.
// 2. It deletes nothing, ever.
// 3. What it wants is compared with what the server says it has, because an old server drops what it does not know.
import {
  type BucketDefinition,
  buckets,
  type DurableDefinition,
  durables,
  maxPayloadBytes,
  objectStores,
  type StreamDefinition,
  streams,
} from '@microstax/contracts/topology';
import { AckPolicy, DeliverPolicy, DiscardPolicy, JetStreamApiError, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { nanos } from '@nats-io/nats-core';
import { Objm } from '@nats-io/obj';
import type { Bus, StreamState } from './bus.ts';
import { BusError } from './bus-error.ts';
import { type Connection, connectionOf } from './connection.ts';
import { toBusError } from './nats-errors.ts';
import { streamState } from './read-stream.ts';
import { checkServer, type ServerReport } from './server-guard.ts';

export type Topology = {
  readonly streams: readonly StreamDefinition[];
  readonly durables: readonly DurableDefinition[];
  readonly buckets: readonly BucketDefinition[];
  readonly objectStores: readonly { readonly name: string; readonly purpose: string }[];
};

export type BootstrapOptions = {
  /** Another table than the one in libs/contracts. */
  readonly topology?: Topology;
};

export type BootstrapReport = {
  /** Names of what was not there, in the order it was made. A stream in it holds nothing of before. */
  readonly created: readonly string[];
  readonly streams: readonly StreamState[];
  readonly server: ServerReport;
};

const ourTopology: Topology = {
  streams: Object.values(streams),
  durables: Object.values(durables),
  buckets: Object.values(buckets),
  objectStores: Object.values(objectStores),
};

/**
 * Makes streams, durables, buckets and the object store. Settles when all are there as wanted. Rejects with `BusError`
 * code `topology-differs` (names field, wanted and found), or `unsupported-server`.
 */
export async function bootstrap(bus: Bus, options: BootstrapOptions = {}): Promise<BootstrapReport> {
  const connection = connectionOf(bus);
  const { topology = ourTopology } = options;
  const server = checkServer(connection, maxPayloadBytes);
  const created: string[] = [];
  const make = async (name: string, wanted: Wanted, look: Look, add: () => Promise<unknown>): Promise<void> => {
    if (await ensure(name, wanted, look, add)) created.push(name);
  };
  for (const stream of topology.streams) {
    const wanted = streamConfig(stream);
    const { description, ...compared } = wanted;
    const add = () => connection.manager.streams.add(wanted);
    await make(stream.name, compared, () => streamFields(connection, stream.name), add);
  }
  for (const durable of topology.durables) {
    const wanted = consumerConfig(durable);
    const { description, ...compared } = wanted;
    const look = async () => (await connection.manager.consumers.info(durable.stream, durable.name)).config;
    await make(durable.name, compared, look, () => connection.manager.consumers.add(durable.stream, wanted));
  }
  for (const { name, history, purpose } of topology.buckets) {
    const limits = { history, storage: StorageType.File, allow_direct: true, description: purpose };
    const wanted = { max_msgs_per_subject: history, storage: StorageType.File, allow_direct: true };
    const add = () => new Kvm(connection.jetstream).create(name, limits);
    await make(name, wanted, () => streamFields(connection, `KV_${name}`), add);
  }
  for (const { name, purpose } of topology.objectStores) {
    const add = () => new Objm(connection.jetstream).create(name, { storage: StorageType.File, description: purpose });
    await make(name, { storage: StorageType.File }, () => streamFields(connection, `OBJ_${name}`), add);
  }
  return { created, streams: await allStates(connection, topology), server };
}

type Fields = Readonly<Record<string, unknown>>;
type Wanted = Fields;
type Look = () => Promise<object>;

/** True where it had to be made. Two replicas of the graph may do this at once: the second finds the first one's. */
async function ensure(name: string, wanted: Wanted, look: Look, add: () => Promise<unknown>): Promise<boolean> {
  const present = await lookFor(name, look);
  if (present !== undefined) {
    compare(name, wanted, present);
    return false;
  }
  try {
    await add();
  } catch (error) {
    if ((await lookFor(name, look)) === undefined) throw toBusError(error, `create ${name}`);
  }
  compare(name, wanted, must(await lookFor(name, look), name));
  return true;
}

async function lookFor(name: string, look: Look): Promise<Fields | undefined> {
  try {
    return (await look()) as Fields;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return undefined;
    throw toBusError(error, `look for ${name}`);
  }
}

function must(found: Fields | undefined, name: string): Fields {
  if (found === undefined)
    throw new BusError('unavailable', `Cannot create ${name}: the server took it, and does not have it`);
  return found;
}

function compare(name: string, wanted: Wanted, found: Fields): void {
  for (const [field, value] of Object.entries(wanted)) {
    if (JSON.stringify(found[field]) === JSON.stringify(value)) continue;
    throw new BusError(
      'topology-differs',
      `Cannot use ${name}: its ${field} is ${JSON.stringify(found[field])}, wanted is ${JSON.stringify(value)}; change it with a NATS client or use another server, nothing was changed`,
    );
  }
}

async function streamFields(connection: Connection, name: string): Promise<object> {
  return (await connection.manager.streams.info(name)).config;
}

function streamConfig(definition: StreamDefinition) {
  const { name, subjects, purpose, maxAgeMs, maxBytes, duplicateWindowMs, discard, allowDirect } = definition;
  return {
    name,
    description: purpose,
    subjects: [...subjects],
    storage: StorageType.File,
    max_age: nanos(maxAgeMs),
    max_bytes: maxBytes ?? -1,
    duplicate_window: nanos(duplicateWindowMs),
    discard: discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
    allow_direct: allowDirect,
  };
}

function consumerConfig({ name, filter, hears, ackWaitMs, maxDeliver, maxAckPending }: DurableDefinition) {
  return {
    durable_name: name,
    description: hears,
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWaitMs),
    max_deliver: maxDeliver,
    max_ack_pending: maxAckPending,
  };
}

async function allStates(connection: Connection, topology: Topology): Promise<readonly StreamState[]> {
  const states = await Promise.all(topology.streams.map(({ name }) => streamState(connection, name)));
  return states.filter((state) => state !== undefined);
}
