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
  return defined({
    'messaging.system': 'nats',
    'messaging.operation.type': operation === 'process' || operation === 'serve' ? 'process' : 'send',
    'messaging.operation.name': operation,
    'messaging.destination.name': subject,
    'messaging.destination.template': template,
    'messaging.client.id': more.client,
    'messaging.message.id': more.id,
    'messaging.consumer.group.name': more.durable,
    'nats.stream': more.stream,
    'nats.stream_sequence': more.sequence,
    'nats.delivery_count': more.deliveries,
    'msx.queue_ms': more.waitedMs,
    'msx.org': org,
    'msx.env': env,
  });
}

function defined(attributes: Record<string, string | number | undefined>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes;
}
