import type { z } from 'zod';
import { eventSubject, type ServiceName } from './subjects.ts';

/** One message on the wire: who says it, its last word, its schema. */
export type EventContract<T> = {
  /** In words, e.g. `plan drafted`. */
  readonly name: string;
  readonly service: ServiceName;
  /** The last token of its subject (protocol 7). */
  readonly last: string;
  readonly version: number;
  readonly schema: z.ZodType<T>;
  /** CloudEvents type. */
  readonly type: string;
  /** Low-cardinality name for spans. */
  readonly template: string;
  readonly summary: string;
  subject(address: { readonly org: string; readonly env: string }): string;
};

export function defineEvent<T>(event: {
  name: string;
  service: ServiceName;
  last: string;
  version?: number;
  schema: z.ZodType<T>;
  summary: string;
}): EventContract<T> {
  const { service, last, version = 1 } = event;
  return {
    ...event,
    version,
    type: `dev.microstax.${service}.${event.name.replaceAll(' ', '-')}.v${version}`,
    template: `msx.evt.${service}.{org}.{env}.${last}`,
    subject: ({ org, env }) => eventSubject(service, org, env, last),
  };
}
