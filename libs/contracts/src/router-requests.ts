import type { ListenerRecord } from '@microstax/model/journal';
import type { PortProtocol } from '@microstax/model/service-spec';
import { defineRequest } from './request-contract.ts';

/** Protocol 26 and 27: the ports that the router is to listen on for one environment; the whole wanted set. */
export type ScopeRequest = {
  readonly org: string;
  readonly env: string;
  readonly wanted: readonly {
    readonly service: string;
    readonly port: string;
    readonly protocol: PortProtocol;
    readonly preferredPort: number | null;
  }[];
  /** What it listened on before: the same is asked for again. */
  readonly keep: readonly ListenerRecord[];
};
export type ScopeReply = { readonly listeners: readonly ListenerRecord[] };
export const scope = defineRequest<ScopeRequest, ScopeReply>(
  'router',
  'scope',
  'Opens, keeps and closes listeners of an environment',
);

/** Protocol 25: answers once this router routes by the given revision of the key, or a newer one. */
export type ConfirmRequest = {
  readonly org: string;
  readonly env: string;
  readonly revision: number;
  readonly timeoutMs: number;
};
export type ConfirmReply = { readonly confirmed: boolean; readonly revision: number };
export const confirmRoutes = defineRequest<ConfirmRequest, ConfirmReply>(
  'router',
  'confirm',
  'Confirms the revision of a route table',
);

/** Protocol 25: answers once no request to these instances is in flight through this router, or at the time-out. */
export type IdleRequest = {
  readonly org: string;
  readonly env: string;
  readonly instances: readonly string[];
  readonly timeoutMs: number;
};
export type IdleReply = { readonly idle: boolean; readonly open: number };
export const idleEndpoints = defineRequest<IdleRequest, IdleReply>(
  'router',
  'idle',
  'Reports whether old endpoints are idle',
);

/** How long an environment has not been asked for, by itself or through an instance of its own (decision 33). */
export type ActivityRequest = { readonly org: string; readonly env: string };
export type ActivityReply =
  | {
      readonly kind: 'seen';
      /** Requests and connections under way. */
      readonly open: number;
      /** Since the last one, or since this router began: it knows nothing of before. */
      readonly idleMs: number;
    }
  /** This router serves another organisation. */
  | { readonly kind: 'foreign' };
export const activityOf = defineRequest<ActivityRequest, ActivityReply>(
  'router',
  'activity',
  'Says how long an environment has not been asked for',
);

export const routerRequests = [scope, confirmRoutes, idleEndpoints, activityOf] as const;
