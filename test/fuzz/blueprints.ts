import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { mutant } from './mutant.ts';
import { emptyTally, type PlainTally, summed } from './tally.ts';
import type { WorkerOrder } from './worker.ts';

// node test/fuzz/blueprints.ts --count 100000 --seed 1      mutated Blueprints through intake's whole core
// node test/fuzz/blueprints.ts --from 50000 …               the later part of them
// node test/fuzz/blueprints.ts --seed 1 --show 4711         prints one of them

const hangMs = 1_000; // of processor time for one input
const watchdogMs = 20_000; // without any progress, on a machine that may be shared
const rangeMax = 2_500;

const { values } = parseArgs({
  options: { count: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, show: { type: 'string' } },
});
const seed = Number(values.seed ?? 1);
const first = Number(values.from ?? 0);
const end = first + Number(values.count ?? 2_000);

if (values.show !== undefined) process.stdout.write(mutant(seed, Number(values.show)).text);
else process.exitCode = report(await fuzz());

async function fuzz(): Promise<PlainTally> {
  const tallies: PlainTally[] = [];
  for (let from = first; from < end; from += rangeMax) {
    tallies.push(
      await judgeRange({ seed, from, to: Math.min(end, from + rangeMax), progress: new SharedArrayBuffer(4) }),
    );
    const failed = tallies.reduce((sum, { failures }) => sum + failures.length, 0);
    process.stderr.write(`${Math.min(end, from + rangeMax)} of ${end}, ${failed} failed\n`);
    for (const { index, reason } of tallies.at(-1)?.failures ?? [])
      process.stderr.write(`--show ${index}: ${reason}\n`);
  }
  return summed(tallies);
}

/** Judges in a thread of its own; where that makes no progress it is ended, and the input it hung at is a failure. */
async function judgeRange(order: WorkerOrder): Promise<PlainTally> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: order });
  const current = new Int32Array(order.progress);
  const { promise, resolve, reject } = Promise.withResolvers<PlainTally>();
  let [seen, since] = [-1, performance.now()];
  const watchdog = setInterval(() => {
    const index = Atomics.load(current, 0);
    if (index !== seen) [seen, since] = [index, performance.now()];
    else if (performance.now() - since > watchdogMs)
      resolve({ ...emptyTally().plain(), failures: [{ index, reason: `no progress for ${watchdogMs} ms` }] });
  }, 500);
  worker.once('message', resolve);
  worker.once('error', reject);
  try {
    return await promise;
  } finally {
    clearInterval(watchdog);
    await worker.terminate();
  }
}

function report({ count, kinds, codes, slowest, failures }: PlainTally): number {
  const hangs = slowest.filter(({ cpuMs }) => cpuMs > hangMs);
  const shown = Object.entries(codes).toSorted(([, a], [, b]) => b - a);
  console.log(`${count} mutated Blueprints from number ${first} on, seed ${seed}`);
  console.log(
    Object.entries(kinds)
      .map(([kind, times]) => `${times} ${kind}`)
      .join(', '),
  );
  console.log(`${shown.length} codes: ${shown.map(([code, times]) => `${code} ${times}`).join(', ')}`);
  for (const { index, chars, cpuMs, wallMs } of slowest)
    console.log(
      `slowest: ${cpuMs.toFixed(1)} ms of processor, ${wallMs.toFixed(1)} ms in all, ${chars} characters, --show ${index}`,
    );
  for (const { index, reason } of failures) console.log(`FAILED --show ${index}: ${reason}`);
  console.log(`${failures.length} failed, ${hangs.length} took more than ${hangMs} ms`);
  return failures.length + hangs.length === 0 ? 0 : 1;
}
