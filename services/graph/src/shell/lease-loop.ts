import { inSpan, traceContextOf } from '@microstax/service/telemetry';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from '../core/documents.ts';
import { offerExecution } from '../core/lease.ts';
import { activationAt, environmentAt, executionAt } from '../core/places.ts';
import { ownerFellSilent } from '../events.ts';
import type { Graph } from './graph.ts';
import type { Silence } from './lease-book.ts';
import { type Loop, startLoop } from './loop.ts';
import type { Reader } from './transact.ts';

/** Offers executions whose owner was silent for `leaseMs`. While the bus is away nobody can be heard, so nobody is silent. */
export function startLeases(graph: Graph, { leaseMs }: { readonly leaseMs: number }): Loop {
  const { bus, clock, leases, log } = graph;
  const look = async (): Promise<boolean> => {
    if (bus.state() !== 'connected') leases.startAnew(clock.monotonicMs());
    for (const silence of leases.takeSilent(clock.monotonicMs(), leaseMs)) await offer(graph, silence);
    return false;
  };
  return startLoop({ name: 'leases', log, clock, restMs: Math.max(50, leaseMs / 6), work: look });
}

/** Every open execution starts with a whole lease when the graph starts. */
export async function followOpenExecutions({ store, leases, clock }: Graph): Promise<void> {
  const rows = await store.scan<EnvironmentDocument>('environments', { prefix: '' });
  for (const { body } of rows) leases.follow(body, clock.monotonicMs());
}

async function offer(graph: Graph, { org, env, epoch, silentMs, offers }: Silence): Promise<void> {
  ownerFellSilent(graph.log, { org, env, epoch, silentMs });
  const load = (reader: Reader) => loadExecution(reader, org, env);
  await graph.transact(load, (state) => offerExecution({ epoch, silentMs, ordinal: offers }, state));
}

/** The newest execution of an environment with its rows. */
export async function loadExecution(reader: Reader, org: string, env: string) {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const generation = environment?.execution?.generation;
  if (generation === undefined) return { environment, execution: null, activation: null };
  const [execution, activation] = await reader.getMany([
    executionAt(org, env, generation),
    activationAt(org, env, generation),
  ]);
  return {
    environment,
    execution: execution as ExecutionDocument | null,
    activation: activation as ActivationDocument | null,
  };
}

/** Runs work as a continuation of a stored trace, so that a takeover continues its own (protocol 31). */
export async function inTraceOf<T>(
  graph: Graph,
  name: string,
  traceparent: string | null,
  work: () => Promise<T>,
): Promise<T> {
  const parent = traceparent === null ? {} : { parent: traceContextOf(traceparent) };
  return inSpan(graph.bus.telemetry.tracer, name, parent, work);
}
