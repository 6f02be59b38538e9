import { parentPort, workerData } from 'node:worker_threads';
import { judge } from './judge.ts';
import { mutant } from './mutant.ts';
import { emptyTally, type Failure, type Tally } from './tally.ts';

// Judges the mutants of a range. `progress` tells the watchdog which one is at work.

export type WorkerOrder = {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly progress: SharedArrayBuffer;
};

const { seed, from, to, progress } = workerData as WorkerOrder;
const current = new Int32Array(progress);
const tally: Tally = emptyTally();

for (let index = from; index < to; index++) {
  Atomics.store(current, 0, index);
  const one = mutant(seed, index);
  const [began, cpuBegan] = [performance.now(), process.threadCpuUsage()];
  let failure: Failure | undefined;
  try {
    const { kind, codes } = judge(one);
    tally.kinds[kind] = (tally.kinds[kind] ?? 0) + 1;
    for (const code of new Set(codes)) tally.codes[code] = (tally.codes[code] ?? 0) + 1;
  } catch (error) {
    failure = { index, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  const { user, system } = process.threadCpuUsage(cpuBegan);
  tally.note(
    { index, chars: one.text.length, wallMs: performance.now() - began, cpuMs: (user + system) / 1_000 },
    failure,
  );
}
parentPort?.postMessage(tally.plain());
