import type { FoundRoute, RouteQuestion } from '@microstax/model/route-index';
import { defineRequest } from './request-contract.ts';

/** A listener's environment with or without a context, or a context value alone. */
export type ResolveRequest = RouteQuestion;
export type ResolveReply = FoundRoute;
export const resolveRoute = defineRequest<ResolveRequest, ResolveReply>(
  'resolver',
  'resolve',
  'Where a request for `{env?, context?, service}` goes, answered from memory by any replica',
);

export const resolverRequests = [resolveRoute] as const;
