import { type Activations, followActivations } from './activations.ts';
import type { Bench, Row } from './bench.ts';
import { baselineOf } from './blueprints.ts';
import { startPlant } from './plant.ts';
import { median, quantile } from './quantiles.ts';

const sizes = [200, 500, 1_000, 2_000] as const;
const quickSizes = [20, 50] as const;
const rounds = 3;
const secondsMax = 60; // of one size

export const baseline: Bench = {
  name: 'baseline',
  summary: 'how long a baseline of many services takes, with a driver that starts nothing',
  legend: [
    'baseline-<n>        from publishing the Blueprint of a new baseline of n services, each calling two others, until',
    '                    `environment ready` is heard; six services and a router in this process',
    '                    floor: what the smallest one took, times n over its n; ratio: how far this is from linear',
    'baseline-<n>-again  the same after all of its services were changed: each is replaced',
  ],
  async run({ quick, progress }) {
    await using plant = await startPlant();
    await using activations = await followActivations(plant.bus);
    await measure(activations, 50, 1); // the first run in the interpreter
    const measured: Measured[] = [];
    for (const size of quick ? quickSizes : sizes) {
      progress(`a baseline of ${size} services`);
      measured.push(await measure(activations, size, quick ? 1 : rounds));
    }
    const [smallest] = measured;
    return measured.flatMap((one) => rowsOf(one, smallest ?? one));
  },
};

type Measured = { readonly size: number; readonly newMs: readonly number[]; readonly againMs: readonly number[] };

async function measure(activations: Activations, size: number, samples: number): Promise<Measured> {
  const endsAt = performance.now() + secondsMax * 1_000;
  const newMs: number[] = [];
  const againMs: number[] = [];
  do {
    const env = `base-${size}-${newMs.length}`;
    newMs.push(await activations.apply(env, baselineOf(env, size)));
    againMs.push(await activations.apply(env, baselineOf(env, size, '2')));
    await activations.delete(env);
  } while (newMs.length < samples && performance.now() < endsAt);
  return { size, newMs, againMs };
}

function rowsOf({ size, newMs, againMs }: Measured, smallest: Measured): Row[] {
  const row = (name: string, values: readonly number[], ofSmallest: readonly number[]): Row => {
    const floor = (median(ofSmallest) * size) / smallest.size;
    const p50 = median(values);
    return { name, n: values.length, unit: 'ms', p50, p99: quantile(values, 0.99), floor, ratio: p50 / floor };
  };
  return [row(`baseline-${size}`, newMs, smallest.newMs), row(`baseline-${size}-again`, againMs, smallest.againMs)];
}
