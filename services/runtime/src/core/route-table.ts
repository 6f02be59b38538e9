import { sortedBy } from '@microstax/model/compare';
import type { Inventory } from '@microstax/model/journal';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Endpoint, RouteTable } from '@microstax/model/route-table';
import { wantedInstances } from './instances.ts';

const loopback = '127.0.0.1';

/** What the router needs of an environment: logical records, its own endpoints, its listeners (protocol 25). */
export function routeTable(from: {
  readonly plan: Plan;
  readonly resolution: Resolution;
  readonly inventory: Inventory;
  readonly epoch: number;
  readonly generation: number;
}): RouteTable {
  const { plan, resolution, inventory, epoch, generation } = from;
  return {
    ...emptyRouteTable({ resolution, epoch }),
    generation,
    listeners: plan.wanted === 'deleted' ? [] : inventory.listeners,
    records: resolution.records.map(({ service, tier, target, code, ports }) => ({
      service,
      tier,
      target,
      ...(code === undefined ? {} : { code }),
      ports,
    })),
    endpoints: endpointsOf(plan, inventory),
    ...(plan.wanted === 'asleep' ? { asleep: true as const } : {}),
  };
}

/** What an owner stamps where no table stands yet: it fences, and every service is looked up in the parent. */
export function emptyRouteTable(from: { readonly resolution: Resolution; readonly epoch: number }): RouteTable {
  const { org, env, context } = from.resolution;
  return { org, env, epoch: from.epoch, generation: 0, context, listeners: [], records: [], endpoints: [] };
}

function endpointsOf(plan: Plan, inventory: Inventory): readonly Endpoint[] {
  const endpoints = [...wantedInstances(plan, inventory).values()].flatMap((instance) =>
    Object.entries(instance.ports).map(([port, targetPort]) => ({
      service: instance.service,
      port,
      host: instance.host ?? loopback,
      targetPort,
      instance: instance.id,
    })),
  );
  return sortedBy(endpoints, ({ service, port, instance }) => `${service}/${port}/${instance}`);
}
