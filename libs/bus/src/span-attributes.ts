import type { Attributes } from '@opentelemetry/api';
import { subjectAddress } from './subject-address.ts';

/** The messaging conventions of OpenTelemetry are in development: their names stand here and nowhere else. */
export function messagingAttributes(
  operation: 'send' | 'process' | 'request' | 'serve',
  subject: string,
  more: {
    readonly id?: string | undefined;
    readonly durable?: string;
    readonly stream?: string;
    readonly sequence?: number;
    readonly deliveries?: number;
    readonly waitedMs?: number;
    readonly client: string;
  },
): Attributes {
  const { template, org, env } = subjectAddress(subject);
  const attributes: Attributes = {
    'messaging.system': 'nats',
    'messaging.operation.type': operation === 'process' || operation === 'serve' ? 'process' : 'send',
    'messaging.operation.name': operation,
    'messaging.destination.name': subject,
    'messaging.destination.template': template,
    'messaging.client.id': more.client,
  };
  // One by one: this is done a hundred times in an activation.
  if (more.id !== undefined) attributes['messaging.message.id'] = more.id;
  if (more.durable !== undefined) attributes['messaging.consumer.group.name'] = more.durable;
  if (more.stream !== undefined) attributes['nats.stream'] = more.stream;
  if (more.sequence !== undefined) attributes['nats.stream_sequence'] = more.sequence;
  if (more.deliveries !== undefined) attributes['nats.delivery_count'] = more.deliveries;
  if (more.waitedMs !== undefined) attributes['msx.queue_ms'] = more.waitedMs;
  if (org !== undefined) attributes['msx.org'] = org;
  if (env !== undefined) attributes['msx.env'] = env;
  return attributes;
}
