import { type BareChain, startBareChain } from '@microstax/bus/testing/bare-chain';
import { type Activations, followActivations } from './activations.ts';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { baselineOf, overlayOf } from './blueprints.ts';
import { bodiesLike } from './message-sizes.ts';
import { PathCommits } from './path-commits.ts';
import { type Plant, startPlant } from './plant.ts';
import { median, quantile } from './quantiles.ts';

/** Services of the baseline, how often it is measured, and after how long no further sample is begun. */
const series = [
  { size: 10, samples: 250, secondsMax: 28 },
  { size: 50, samples: 250, secondsMax: 45 },
  { size: 200, samples: 200, secondsMax: 60 },
] as const;
const warmUps = 30; // the first dozens run in the interpreter
const warmUpSecondsMax = 8;
const flights = 64;
const flightSize = 50;
const flightRounds = 5;
const flightSecondsMax = 25;
const smallBodies = Array.from({ length: 6 }, () => new Uint8Array(256));

export const activation: Bench = {
  name: 'activation',
  summary: 'latency and throughput of activations of an overlay, with a driver that starts nothing',
  legend: [
    'activation-<n>          from publishing the Blueprint of a new overlay that changes 1 of n services until `environment',
    '                        ready` is heard; one in flight; six services and a router in this process',
    '                        floor: six-hops of the same n; ratio: (p50 - p50 of its commits) / floor',
    'activation-<n>-commits  commits of the graph store that this activation waited for, summed (from call to answer)',
    'six-hops-<n>            six bare JetStream hops of 256 B, between those activations, on the same server and disk',
    'six-hops-<n>-sized      the same with bodies as large as the six messages of such an activation;',
    '                        ratio: the same activation over this floor',
    `activations-${flights}          ${flights} overlays over ${flightSize} services, each changed again when all are ready; p99: the slowest round;`,
    `                        floor: bare chains of 256 B with ${flights} in flight; ratio: floor / p50`,
  ],
  async run(options) {
    const commits = new PathCommits();
    await using plant = await startPlant({ onCommit: (note) => commits.note(note) });
    await using activations = await followActivations(plant.bus);
    await using chain = await startBareChain(plant.bus, plant.url);
    const bench = { plant, activations, chain, commits, options };
    const rows: Row[] = [];
    for (const one of series) rows.push(...(await latency(one, bench)));
    rows.push(await throughput(bench));
    return rows;
  },
};

type Running = {
  readonly plant: Plant;
  readonly activations: Activations;
  readonly chain: BareChain;
  readonly commits: PathCommits;
  readonly options: BenchOptions;
};

type Sample = {
  readonly tookMs: number;
  readonly committedMs: number;
  readonly bareMs: number;
  readonly sizedMs: number;
};

async function latency({ size, samples, secondsMax }: (typeof series)[number], bench: Running): Promise<Row[]> {
  const { activations, options, plant } = bench;
  const baseline = `base-${size}`;
  options.progress(`a baseline of ${size} services`);
  await activations.apply(baseline, baselineOf(baseline, size));
  const first = overlayOf(`over-${size}`, baseline, size, 'first');
  await activations.apply(`over-${size}`, first);
  const sized = await bodiesLike(plant.bus, `over-${size}`, first);
  await activations.delete(`over-${size}`);
  let count = 0;
  const sample = (): Promise<Sample> => {
    count += 1;
    const env = `over-${size}-${count}`;
    return sampleOnce({ env, blueprint: overlayOf(env, baseline, size, String(count)), sized }, bench);
  };
  const share = options.quick ? 0.1 : 1;
  await collect(sample, { samples: warmUps, secondsMax: warmUpSecondsMax * share });
  return latencyRows(size, await collect(sample, { samples: samples * share, secondsMax: secondsMax * share }));
}

async function sampleOnce(
  { env, blueprint, sized }: { env: string; blueprint: string; sized: readonly Uint8Array[] },
  { activations, chain, commits }: Running,
): Promise<Sample> {
  commits.take();
  const tookMs = await activations.apply(env, blueprint);
  const { sumMs: committedMs } = commits.take();
  await activations.delete(env); // the next one is to have no more siblings than this one
  const bareMs = await timed(() => chain.run(smallBodies));
  const sizedMs = await timed(() => chain.run(sized));
  return { tookMs, committedMs, bareMs, sizedMs };
}

function latencyRows(size: number, samples: readonly Sample[]): Row[] {
  const took = row(
    `activation-${size}`,
    samples.map(({ tookMs }) => tookMs),
  );
  const commits = row(
    `activation-${size}-commits`,
    samples.map(({ committedMs }) => committedMs),
  );
  const bare = row(
    `six-hops-${size}`,
    samples.map(({ bareMs }) => bareMs),
  );
  const sized = row(
    `six-hops-${size}-sized`,
    samples.map(({ sizedMs }) => sizedMs),
  );
  const ownMs = took.p50 - commits.p50;
  return [
    { ...took, floor: bare.p50, ratio: ownMs / bare.p50 },
    commits,
    bare,
    { ...sized, floor: sized.p50, ratio: ownMs / sized.p50 },
  ];
}

async function throughput({ activations, chain, options }: Running): Promise<Row> {
  const baseline = `base-${flightSize}`;
  options.progress(`${flights} overlays in flight`);
  const overlays = Array.from({ length: flights }, (_, index) => `flight-${index}`);
  const all = (version: string) => (): Promise<unknown> =>
    Promise.all(overlays.map((env) => activations.apply(env, overlayOf(env, baseline, flightSize, version))));
  await all('first')();
  let version = 0;
  const round = async () => {
    version += 1;
    const rate = (flights * 1_000) / (await timed(all(`round ${version}`)));
    const bareMs = await timed(() => Promise.all(overlays.map(() => chain.run(smallBodies))));
    return { rate, bareRate: (flights * 1_000) / bareMs };
  };
  const rounds = await collect(round, { samples: options.quick ? 2 : flightRounds, secondsMax: flightSecondsMax });
  const rates = rounds.map(({ rate }) => rate);
  const floor = median(rounds.map(({ bareRate }) => bareRate));
  return {
    name: `activations-${flights}`,
    n: flights * rounds.length,
    unit: '1/s',
    p50: median(rates),
    p99: quantile(rates, 0.01),
    floor,
    ratio: floor / median(rates),
  };
}

/** So many samples, or as many as begin in time; at least one. */
async function collect<T>(sample: () => Promise<T>, limits: { samples: number; secondsMax: number }): Promise<T[]> {
  const endsAt = performance.now() + limits.secondsMax * 1_000;
  const collected: T[] = [];
  do collected.push(await sample());
  while (collected.length < limits.samples && performance.now() < endsAt);
  return collected;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function row(name: string, values: readonly number[]): Row {
  const [p50, p99] = [median(values), quantile(values, 0.99)];
  return { name, n: values.length, unit: 'ms', p50, p99, floor: null, ratio: null };
}
