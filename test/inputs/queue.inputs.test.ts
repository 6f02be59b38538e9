import { must } from '@microstax/model/must';
import type { Placement } from '@microstax/model/plan';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { environmentView } from '../../services/graph/src/core/view.ts';
import { emptyGraph, revisionOfText } from '../../services/intake/src/core/testing/decide-text.ts';
import { type Decided, decideFamily } from '../decided/family.ts';
import { applications, present } from './applications.ts';

/**
 * The OpenTelemetry demo: `checkout` publishes orders to Kafka, `accounting` and `fraud-detection` consume them. Its
 * compose files only say that all three are given Kafka's address, so these three words are added by hand, as a user would.
 */

type Written = { name: string; services: { name: string; dependsOn?: { service: string; kind?: string }[] }[] };

const roles: Readonly<Record<string, string>> = {
  checkout: 'publishes',
  accounting: 'consumes',
  'fraud-detection': 'consumes',
};

test.skipIf(!present)(
  'a changed Kafka consumer of the OpenTelemetry demo takes the queue along, and the plan says why',
  () => {
    const baseline = withRoles();
    const placed = placementsOf(baseline, 'fraud-detection');
    expect(placed.get('kafka')).toMatchObject({
      kind: 'local',
      reasons: [
        {
          code: 'queue-follows-consumer',
          text: `kafka must run here: fraud-detection runs here and would take the messages of ${baseline.name}'s kafka`,
        },
      ],
    });
    // Who else consumes there hears nothing of a queue that it does not run beside.
    expect(placed.get('accounting')?.reasons[0]?.code).toBe('consumer-follows-queue');
    expect(placed.get('checkout')?.reasons[0]?.text).toContain('checkout publishes to kafka');
    const whole = localIn(placed);
    expect(whole).not.toContain('astronomy-db');

    // The collector asks for figures by itself, so no request travels on from it; without these ways few run here.
    const collector = must(
      baseline.services.find(({ name }) => name === 'otel-collector'),
      'the demo has a collector',
    );
    collector.dependsOn = [];
    const few = localIn(placementsOf(baseline, 'fraud-detection'));
    process.stdout.write(`\nfraud-detection changed, ${few.length} of ${placed.size} local: ${few.join(' ')}\n`);
    expect(few).toEqual(expect.arrayContaining(['accounting', 'checkout', 'fraud-detection', 'kafka']));
    expect(few.length).toBeLessThan(whole.length / 2);
  },
);

test.skipIf(!present)('the import asks for the role of everybody who is given the address of Kafka', () => {
  const asked = demo()
    .load()
    .report.unknown.filter(({ field }) => field === 'dependsOn.kafka.kind')
    .map(({ service }) => service);
  expect(asked).toEqual(expect.arrayContaining(Object.keys(roles)));
});

function demo() {
  return must(
    applications.find(({ name }) => name === 'otel-demo-23'),
    'the demo with Kafka is one of the applications',
  );
}

function withRoles(): Written {
  const baseline = parse(demo().load().blueprint) as Written;
  for (const service of baseline.services)
    for (const dependency of service.dependsOn ?? [])
      if (dependency.service === 'kafka' && service.name in roles) dependency.kind = roles[service.name] ?? 'calls';
  return baseline;
}

function placementsOf(baseline: Written, consumer: string): ReadonlyMap<string, Placement> {
  const { plan } = must(decide(baseline, consumer)[1], 'the overlay is planned');
  return new Map(plan.placements.map((placement) => [placement.service, placement]));
}

function localIn(placed: ReadonlyMap<string, Placement>): string[] {
  return [...placed.values()].filter(({ kind }) => kind === 'local').map(({ service }) => service);
}

function decide(baseline: Written, consumer: string): readonly Decided[] {
  const root = revisionOfText(stringify(baseline), { env: baseline.name });
  const view = environmentView({ chain: [root], lineageEnvs: [], deleted: false, headerName: 'x-msx-env' });
  const identities = Object.fromEntries(view.services.map(({ name, identity }) => [name, identity]));
  const overlay = {
    name: 'fraud-2',
    routing: { mode: 'overlay', baselineId: baseline.name },
    services: baseline.services
      .filter(({ name }) => name === consumer)
      .map((service) => ({ ...service, image: 'acme/fraud-detection:2' })),
  };
  const graph = { ...emptyGraph, parent: view, identities };
  return decideFamily([root, revisionOfText(stringify(overlay), { env: overlay.name, graph })]);
}
