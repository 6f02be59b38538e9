import type { RenewReply, RenewRequest } from '@microstax/contracts/graph-requests';
import { failpoint } from '@microstax/service/failpoint';
import type { EnvironmentDocument } from '../core/documents.ts';
import { environmentAt } from '../core/places.ts';
import type { Graph } from './graph.ts';

/** A sign of life of an execution's owner (protocol 22). Nothing is written: silence is measured in this process. */
export async function answerRenew(
  graph: Graph,
  { env, epoch }: RenewRequest,
  { org }: { readonly org: string },
): Promise<RenewReply> {
  const { collection, key } = environmentAt(org, env);
  const row = await graph.store.get<EnvironmentDocument>(collection, key);
  const present = row?.body.epoch ?? 0;
  if (present !== epoch) return { kind: 'fenced', epoch: present };
  graph.leases.heard(org, env, epoch, graph.clock.monotonicMs());
  await failpoint('graph.renew.after-decide');
  return { kind: 'renewed' };
}
