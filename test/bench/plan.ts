import { sealArtifact } from '@microstax/model/artifact';
import { draftPlan, type PlanInput } from '@microstax/planner/core/plan';
import { type LargeEnvironment, largeEnvironment } from '@microstax/planner/testing/large-environment';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { median, quantile } from './quantiles.ts';

/** Services, edges for each, how often it is measured, and after how long no further sample is begun. */
const series = [
  { services: 100, edgesEach: 5, samples: 200, secondsMax: 5 },
  { services: 1_000, edgesEach: 5, samples: 100, secondsMax: 10 },
  { services: 10_000, edgesEach: 5, samples: 60, secondsMax: 30 },
  { services: 100_000, edgesEach: 5, samples: 10, secondsMax: 40 },
  { services: 100_000, edgesEach: 10, samples: 10, secondsMax: 60 },
] as const;
const changed = 5;
const warmUps = 5; // the first ones run in the interpreter
const dearSharing = 20_000; // more than most services cost: then prices decide, and the cut has work to do

export const plan: Bench = {
  name: 'plan',
  summary: 'a whole plan of an overlay that changes 5 services of a large baseline, in process',
  legend: [
    'plan-<n>-<m>         draftPlan() for n services and m dependencies: requirements, four candidates as minimum cuts,',
    '                     reasons, context edges, jobs, cost; without sealing; services in six tiers',
    'plan-<n>-<m>-cpu     processor time of the same on all threads, garbage collection included: what a busy machine says',
    'plan-<n>-<m>-priced  the same where sharing data is dearer than a copy, so that prices decide, not facts alone',
    '                     floor: plan-<n>-<m>; ratio: p50 / floor',
    'microseconds-<n>     p50 for each service and dependency: growth is linear where it stays the same',
    'heap-<n>-<m>         megabytes of heap that one plan and what it is made of hold (p50), beside its input alone (floor)',
  ],
  async run(options) {
    const rows: Row[] = [];
    for (const one of series) rows.push(...measure(one, options));
    return rows;
  },
};

function measure({ services, edgesEach, samples, secondsMax }: (typeof series)[number], options: BenchOptions): Row[] {
  const edges = services * edgesEach;
  options.progress(`${services} services, ${edges} dependencies`);
  const share = options.quick ? 0.1 : 1;
  const limits = { samples: samples * share, secondsMax: secondsMax * share };
  const shape: LargeEnvironment = { services, edges, changed, seed: services };
  const name = `plan-${services}-${edges}`;
  const input = largeEnvironment(shape);
  const floorMb = heapMb();
  const took = timesOf(input, limits);
  const plain = row(
    name,
    'ms',
    took.map(({ ms }) => ms),
  );
  const cpu = row(
    `${name}-cpu`,
    'ms',
    took.map(({ cpuMs }) => cpuMs),
  );
  const held = draftPlan(input);
  const heap = row(`heap-${services}-${edges}`, 'MB', [heapMb()]);
  if (held.kind !== 'drafted') throw new Error(`Nothing is planned: ${held.findings[0]?.reason}`);
  const { value } = input.facts;
  const prices = { ...value.prices, sharedWriteHourMicros: dearSharing };
  const dear = { ...input, facts: sealArtifact('facts', { ...value, prices }) };
  const priced = row(
    `${name}-priced`,
    'ms',
    timesOf(dear, limits).map(({ ms }) => ms),
  );
  const each = row(`microseconds-${services}`, 'µs', [(1_000 * plain.p50) / (services + edges)]);
  return [
    plain,
    cpu,
    { ...priced, floor: plain.p50, ratio: priced.p50 / plain.p50 },
    each,
    { ...heap, floor: floorMb, ratio: heap.p50 / floorMb },
  ];
}

type Took = { readonly ms: number; readonly cpuMs: number };

function timesOf(input: PlanInput, { samples, secondsMax }: { samples: number; secondsMax: number }): Took[] {
  const endsAt = performance.now() + secondsMax * 1_000;
  const times: Took[] = [];
  for (let run = 0; run < samples + warmUps && (times.length < 3 || performance.now() < endsAt); run += 1) {
    const [startedAt, usedBefore] = [performance.now(), process.cpuUsage()];
    draftPlan(input);
    const ms = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(usedBefore);
    if (run >= warmUps || samples < warmUps) times.push({ ms, cpuMs: (user + system) / 1_000 });
  }
  return times;
}

function heapMb(): number {
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

function row(name: string, unit: string, values: readonly number[]): Row {
  const [p50, p99] = [median(values), quantile(values, 0.99)];
  return { name, n: values.length, unit, p50, p99, floor: null, ratio: null };
}
