import { streams } from '@microstax/contracts/topology';
import { failpoint } from '@microstax/service/failpoint';
import type { EnvironmentDocument } from '../core/documents.ts';
import { offerExecution } from '../core/lease.ts';
import { ownerFellSilent } from '../events.ts';
import type { Graph } from './graph.ts';
import type { Silence } from './lease-book.ts';
import { loadExecution } from './load-execution.ts';
import { type Loop, startLoop } from './loop.ts';
import type { Reader } from './transact.ts';

type LeaseGraph = Pick<Graph, 'bus' | 'clock' | 'leases' | 'log' | 'transact'>;

/**
 * Offers executions whose owner was silent for `leaseMs`. While the bus is away, or this process was halted, nobody can be
 * heard, so nobody is silent.
 */
export function startLeases(graph: LeaseGraph, { leaseMs }: { readonly leaseMs: number }): Loop {
  const { clock, leases, log } = graph;
  const deafMs = leaseMs / 2; // an owner that is silent for the rest has missed a renewal all the same
  let lookedAtMs = clock.monotonicMs();
  const look = async (): Promise<boolean> => {
    const slept = clock.monotonicMs() - lookedAtMs > deafMs;
    const heard = leases.isEmpty() || (await busAnswers(graph, deafMs));
    lookedAtMs = clock.monotonicMs();
    if (slept || !heard) leases.startAnew(lookedAtMs);
    for (const silence of leases.takeSilent(clock.monotonicMs(), leaseMs)) await offer(graph, silence);
    return false;
  };
  return startLoop({ name: 'leases', log, clock, restMs: Math.max(50, leaseMs / 6), work: look });
}

/** A connection that is open says little: a server that was paused, or hangs, keeps it open. */
async function busAnswers({ bus, clock }: LeaseGraph, withinMs: number): Promise<boolean> {
  if (bus.state() !== 'connected') return false;
  const askedAtMs = clock.monotonicMs();
  try {
    await bus.streamState(streams.events.name);
  } catch {
    return false;
  }
  return clock.monotonicMs() - askedAtMs <= withinMs;
}

/** Every open execution starts with a whole lease when the graph starts. */
export async function followOpenExecutions({ store, leases, clock }: Graph): Promise<void> {
  const rows = await store.scan<EnvironmentDocument>('environments', { prefix: '' });
  for (const { body } of rows) leases.follow(body, clock.monotonicMs());
}

async function offer(graph: LeaseGraph, { org, env, epoch, silentMs, offers }: Silence): Promise<void> {
  ownerFellSilent(graph.log, { org, env, epoch, silentMs });
  const load = (reader: Reader) => loadExecution(reader, org, env);
  await graph.transact(load, (state) => offerExecution({ epoch, silentMs, ordinal: offers }, state));
  await failpoint('graph.offer.after-decide');
}
