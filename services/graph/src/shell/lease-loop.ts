import type { EnvironmentDocument } from '../core/documents.ts';
import { offerExecution } from '../core/lease.ts';
import { ownerFellSilent } from '../events.ts';
import type { Graph } from './graph.ts';
import type { Silence } from './lease-book.ts';
import { loadExecution } from './load-execution.ts';
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
