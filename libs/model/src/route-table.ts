import type { ListenerRecord } from './journal.ts';
import type { ResolvedRecord, RouteContext } from './resolution.ts';

export type Endpoint = {
  readonly service: string;
  readonly port: string;
  readonly host: string;
  readonly targetPort: number;
  readonly instance: string;
};

/**
 * The value under `<org>.<env>` in `msx_routes` (protocol 25): logical records, this environment's own endpoints and
 * listeners. A router joins a record with the provider's endpoints per request, so no table goes stale.
 */
export type RouteTable = {
  readonly org: string;
  readonly env: string;
  readonly epoch: number;
  readonly generation: number;
  readonly context: RouteContext;
  readonly listeners: readonly ListenerRecord[];
  readonly records: readonly Pick<ResolvedRecord, 'service' | 'tier' | 'target' | 'code' | 'ports'>[];
  readonly endpoints: readonly Endpoint[];
  /** Its services sleep: a request for one of them is held while it is woken (protocol 14). */
  readonly asleep?: true;
  /**
   * The environment is deleted: it routes nothing, and its context value is expired, which is another thing than unknown.
   * Stands until the name is used again.
   */
  readonly expired?: true;
};
