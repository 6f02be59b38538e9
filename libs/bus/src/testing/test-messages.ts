import { type PlanDrafted, planDrafted } from '@microstax/contracts/plan-drafted';
import { type DurableDefinition, durables } from '@microstax/contracts/topology';
import { bootstrap } from '../bootstrap.ts';
import type { Bus, PublishReceipt } from '../bus.ts';

let counted = 0;

/** A durable of a test's own on `plan drafted`, of one organisation of its own, so that tests share a server. */
export async function addDurable(
  graph: Bus,
  settings: Partial<Pick<DurableDefinition, 'ackWaitMs' | 'maxDeliver' | 'maxAckPending'>> = {},
): Promise<{ readonly durable: DurableDefinition; readonly org: string }> {
  counted += 1;
  const org = `org-${counted}`;
  const filter = `msx.evt.planner.${org}.*.drafted`;
  const durable = { ...durables.resolverDrafted, ...settings, name: `test-${counted}`, filter };
  await bootstrap(graph, { topology: { streams: [], durables: [durable], buckets: [], objectStores: [] } });
  return { durable, org };
}

export function drafted(org: string, env: string, generation: number): PlanDrafted {
  return { org, env, generation, activation: `${env}@${generation}`, submission: null, bundle: {} };
}

/** Publishes generations `from` to `to` of one environment, in order. */
export async function draft(bus: Bus, org: string, env: string, to: number, from = 1): Promise<PublishReceipt[]> {
  const receipts: PublishReceipt[] = [];
  for (let generation = from; generation <= to; generation += 1)
    receipts.push(await bus.publish(planDrafted, drafted(org, env, generation), { inputId: `${env}-${generation}` }));
  return receipts;
}

export function bodyOf<T = PlanDrafted>(message: { readonly body: Uint8Array }): T {
  return JSON.parse(new TextDecoder().decode(message.body)) as T;
}
