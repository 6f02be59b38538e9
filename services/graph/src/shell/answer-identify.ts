import type { IdentifyReply, IdentifyRequest } from '@microstax/contracts/graph-requests';
import { valueHolderOf } from '../core/derive-checks.ts';
import type { EnvironmentDocument } from '../core/documents.ts';
import { identifyServices } from '../core/identify.ts';
import { environmentAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import { loadMembers, offeredView, viewOf } from './load-derive.ts';
import { Reader } from './transact.ts';

/** What intake needs to judge a Blueprint early; the commit checks all of it again (design 5.1). */
export async function answerIdentify(
  { store }: Graph,
  request: IdentifyRequest,
  { org }: { readonly org: string },
): Promise<IdentifyReply> {
  const reader = new Reader(store);
  const row = (env: string) => reader.get<EnvironmentDocument>(environmentAt(org, env));
  const parentRow = request.parent === null ? null : await row(request.parent);
  const parent = parentRow ? await offeredView(reader, parentRow) : null;
  const root = parent?.root ?? request.env;
  const [selfRow, members] = await Promise.all([row(request.env), loadMembers(reader, org, root)]);
  const self = selfRow ? await viewOf(reader, selfRow) : null;
  const identified = identifyServices({
    org,
    project: request.project ?? parent?.project ?? request.env,
    services: request.services,
    known: [...(self?.services ?? []), ...(parent?.services ?? [])],
    buried: [...(self?.buried ?? []), ...(parent?.buried ?? [])],
  });
  return {
    self,
    parent,
    valueHolder: valueHolderOf(request.env, request.value, members),
    identities: Object.fromEntries(identified.map(({ name, identity }) => [name, identity])),
  };
}
