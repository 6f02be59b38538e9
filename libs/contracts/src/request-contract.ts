import type { ServiceName } from './subjects.ts';

/**
 * One operation of a service's request/reply door. Types only: both ends are ours, the reply is
 * `{ok: true, value}` or `{ok: false, error: {code, message}}`, written and read by `libs/bus`.
 */
export type RequestContract<Request, Reply> = {
  readonly service: ServiceName | 'router';
  readonly op: string;
  readonly summary: string;
  /** Never set: carries the types. */
  readonly types?: (request: Request) => Reply;
};

export function defineRequest<Request, Reply>(
  service: ServiceName | 'router',
  op: string,
  summary: string,
): RequestContract<Request, Reply> {
  return { service, op, summary };
}
