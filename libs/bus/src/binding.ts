import type { DurableDefinition } from '@microstax/contracts/topology';
import { delay } from '@microstax/service/clock';
import type { Connection } from './connection.ts';

/** Which consumer we consume from, and in which incarnation of the bus. `createdAt` is in milliseconds since 1970. */
export type Binding = { readonly createdAt: number; readonly incarnation: number };

/** nats-server 2.9 moves the time by less than a millisecond when it starts again. */
const createdMsTolerance = 1_000;

/** Whether it is the consumer that we know, and not one that was made anew under its name. */
export function isSameConsumer(one: Binding, other: Binding): boolean {
  return Math.abs(one.createdAt - other.createdAt) < createdMsTolerance;
}

const lookMs = 250;
const sayMs = 5_000;
/** A consumer made anew without a new incarnation is somebody's doing, not a bus that forgot: it is used all the same. */
const newIncarnationMs = 10_000;

/**
 * Waits until the durable exists and the incarnation is known. Where the consumer is another one than before, the graph
 * has not finished before the incarnation is a new one (protocol 29). Undefined when the signal aborts first.
 */
export async function findBinding(
  connection: Connection,
  definition: DurableDefinition,
  before: Binding | undefined,
  signal: AbortSignal,
): Promise<Binding | undefined> {
  const startedAt = performance.now();
  let saidAt = startedAt - sayMs + lookMs * 4; // a start of all services together takes a second
  while (!signal.aborted) {
    const found = await look(connection, definition);
    const waitedMs = performance.now() - startedAt;
    if (found !== undefined && isReady(found, before, waitedMs)) return found;
    if (performance.now() - saidAt > sayMs) {
      saidAt = performance.now();
      connection.log.info(
        { durable: definition.name, stream: definition.stream },
        'waits for the graph to open the bus',
      );
    }
    await delay(lookMs, signal);
  }
  return undefined;
}

function isReady(found: Binding, before: Binding | undefined, waitedMs: number): boolean {
  if (before === undefined || isSameConsumer(found, before)) return true;
  return found.incarnation > before.incarnation || waitedMs > newIncarnationMs;
}

async function look(connection: Connection, { stream, name }: DurableDefinition): Promise<Binding | undefined> {
  const incarnation = await connection.incarnation.read();
  if (incarnation === undefined) return undefined;
  try {
    const { created } = await connection.quick.manager.consumers.info(stream, name);
    return { createdAt: Date.parse(String(created)), incarnation };
  } catch (error) {
    connection.log.debug({ err: error, durable: name }, 'the durable does not answer');
    return undefined;
  }
}
