import type { ImportEdge } from '@microstax/contracts/import-requests';
import { expect, test } from 'vitest';
import { brokerOf, unsaidRoles } from './brokers.ts';

test.each([
  ['queue', 'docker.io/library/rabbitmq:3-management', 'rabbitmq'],
  ['events', 'ghcr.io/open-telemetry/demo:latest-kafka', 'kafka'],
  ['kafka', null, 'kafka'],
  ['rabbitmq-exporter', 'kbudde/rabbitmq-exporter', null],
  ['kafka-ui', 'provectuslabs/kafka-ui:v1', null],
  ['redis', 'redis:7', null],
  ['orders', 'acme/orders:kafkaesque', null],
])('%s of the image %s is the broker %s', (name, image, broker) => {
  expect(brokerOf({ name, image })).toBe(broker);
});

test('who is given the address of a broker is asked once for its role', () => {
  const at = { line: 4, column: 2 };
  const edge = (from: string, to: string): ImportEdge => ({
    from,
    to,
    port: 'tcp',
    protocol: 'tcp',
    protocolBecause: null,
    declared: false,
    required: true,
    evidence: [{ kind: 'environment', where: 'A', at }],
  });
  const services = ['kafka', 'billing', 'orders'].map((name) => ({ name, image: null }));
  const edges = [edge('orders', 'kafka'), edge('orders', 'kafka'), edge('orders', 'billing')];
  expect(unsaidRoles(services, edges)).toEqual([
    {
      service: 'orders',
      field: 'dependsOn.kafka.kind',
      reason: expect.stringContaining('say kind: publishes or consumes'),
      at,
    },
  ]);
});
