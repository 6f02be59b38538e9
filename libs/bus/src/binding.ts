import type { DurableDefinition } from '@microstax/contracts/topology';
import { delay } from '@microstax/service/clock';
import type { Connection } from './connection.ts';

/** Which consumer we consume from: it is another one when it was made anew, whatever its name. */
export type Binding = { readonly createdAt: string; readonly incarnation: number };

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
  if (before === undefined || found.createdAt === before.createdAt) return true;
  return found.incarnation > before.incarnation || waitedMs > newIncarnationMs;
}

async function look(connection: Connection, { stream, name }: DurableDefinition): Promise<Binding | undefined> {
  const incarnation = await connection.incarnation.read();
  if (incarnation === undefined) return undefined;
  try {
    const { created } = await connection.manager.consumers.info(stream, name);
    return { createdAt: String(created), incarnation };
  } catch (error) {
    connection.log.debug({ err: error, durable: name }, 'the durable does not answer');
    return undefined;
  }
}
