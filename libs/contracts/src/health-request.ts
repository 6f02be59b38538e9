import { defineRequest, type RequestContract } from './request-contract.ts';
import type { ServiceName } from './subjects.ts';

/** How one replica of a service is; `ready` once it hears everything it is to hear. */
export type HealthReply = {
  readonly service: string;
  readonly pid: number;
  readonly ready: boolean;
  /** Each part's word by name: the durables it hears. */
  readonly parts: Readonly<Record<string, boolean>>;
};

export function healthOf(service: ServiceName): RequestContract<Record<string, never>, HealthReply> {
  return defineRequest(service, 'health', 'How a replica is: ready once it hears everything it is to hear');
}
