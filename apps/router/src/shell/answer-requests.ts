import { type Bucket, type Endpoint, endpoint } from '@microstax/bus/bus';
import {
  type ActivityReply,
  activityOf,
  type ConfirmReply,
  type ConfirmRequest,
  confirmRoutes,
  idleEndpoints,
  scope,
} from '@microstax/contracts/router-requests';
import { environmentKey } from '@microstax/contracts/topology';
import type { FollowOptions } from './follow-routes.ts';

/**
 * What the runtime asks of a router. Of another organisation's environments this router has nothing, so nothing here
 * stands in its way: no listener, every revision confirmed, idle.
 */
export function routerEndpoints({ routes, org, routing, listeners }: FollowOptions): readonly Endpoint[] {
  const { tables, inFlight, activity } = routing;
  return [
    endpoint(scope, async (request) => ({
      listeners: request.org === org ? await listeners.scope(request) : [],
    })),
    endpoint(confirmRoutes, async (request): Promise<ConfirmReply> => {
      const { env, revision, timeoutMs } = request;
      if (request.org !== org) return { confirmed: true, revision };
      if (await isOfFormerBus(request, routes, tables.revision(env))) tables.forgetRevisions();
      const reached = await tables.reached(env, revision, timeoutMs);
      return { confirmed: reached >= revision, revision: reached };
    }),
    endpoint(activityOf, async ({ org: ofOrg, env }): Promise<ActivityReply> => {
      if (ofOrg !== org) return { kind: 'foreign' };
      return { kind: 'seen', ...(await activity.used(env)) };
    }),
    endpoint(idleEndpoints, async ({ org: ofOrg, env, instances, timeoutMs }) => {
      const open = ofOrg === org ? await inFlight.idle(env, instances, timeoutMs) : 0;
      return { idle: open === 0, open };
    }),
  ];
}

/**
 * Whether the revision that is here was counted by a bus that has been lost since (protocol 29). Learning of a new
 * incarnation takes a second, in which a high old revision would confirm a low new one.
 */
async function isOfFormerBus({ org, env, revision }: ConfirmRequest, routes: Bucket, held: number): Promise<boolean> {
  if (held <= revision) return false;
  const present = await routes.get(environmentKey(org, env));
  return present !== undefined && present.revision < held;
}
