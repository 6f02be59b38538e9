import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { buildHotrod } from '../../../examples/hotrod/build.ts';
import { defaultCacheDir } from '../../../examples/hotrod/config.ts';
import { countServerSpans } from '../../../examples/hotrod/spans.ts';
import { onStage, type Stage } from './stage.ts';

/**
 * The main job on HotROD, an application of others: 200 dispatches, half with the context of an overlay whose customer
 * service is changed; every /customer call is counted in HotROD's own spans.
 */
const pairs = Number(process.env.MSX_HOTROD_PAIRS || 100);
const spansWithinMs = 15_000;

const built = await buildHotrod({ cacheDir: defaultCacheDir(), announce: (line) => process.stderr.write(`${line}\n`) });
if ('skipped' in built) process.stdout.write(`SKIPPED demo:hotrod: ${built.skipped}\n`);
else process.exitCode = await onStage({ name: 'hotrod', path: [dirname(built.path)] }, play);

async function play(stage: Stage): Promise<void> {
  const { msx, say } = stage;
  say('1. HotROD, unchanged, as a baseline');
  await msx(['apply', '-f', 'examples/hotrod/baseline.yaml', '--wait']);
  say('2. An overlay whose customer service looks up faster');
  await msx(['apply', '-f', 'examples/hotrod/overlay-customer.yaml', '--wait']);
  await msx(['get', 'services', 'feat-customer']);
  await msx(['plan', 'feat-customer']);
  await msx(['resolve', 'feat-customer', 'customer']);
  say(`3. ${pairs * 2} dispatches, half of them with the context`);
  const url = `${stage.url('hotrod', 'frontend')}/dispatch?customer=123`;
  const [plain, overlay] = await dispatchPairs(url);
  process.stdout.write(
    `without context: ${plain.ok} of ${pairs} answered 200, median ${median(plain.ms).toFixed(0)} ms\nwith context:    ${overlay.ok} of ${pairs} answered 200, median ${median(overlay.ms).toFixed(0)} ms\n`,
  );
  if (plain.ok + overlay.ok !== 2 * pairs)
    throw new Error(`${2 * pairs - plain.ok - overlay.ok} of ${2 * pairs} dispatches were not answered 200`);
  say("4. Where each /customer call arrived, counted in HotROD's own spans");
  const spans = await spansAre(stage, pairs);
  process.stdout.write(`customer of hotrod: ${spans.hotrod}\ncustomer of feat-customer: ${spans.overlay}\n`);
  if (spans.hotrod !== pairs || spans.overlay !== pairs)
    throw new Error(`wanted ${pairs} /customer calls at each, as the records name them`);
  const frontend = JSON.parse(await msx(['resolve', 'feat-customer', 'frontend', '-o', 'json'], { quiet: true })) as {
    tier: string;
  };
  if (frontend.tier !== 'baseline') throw new Error(`frontend answers from tier "${frontend.tier}", wanted "baseline"`);
  process.stdout.write('frontend is inherited\n');
}

type Dispatched = { ok: number; readonly ms: number[] };

/** One with and one without the context at a time: HotROD's driver fakes errors under more. */
async function dispatchPairs(url: string): Promise<readonly [Dispatched, Dispatched]> {
  const plain: Dispatched = { ok: 0, ms: [] };
  const overlay: Dispatched = { ok: 0, ms: [] };
  for (let pair = 0; pair < pairs; pair++)
    await Promise.all([dispatch(url, {}, plain), dispatch(url, { baggage: 'msx-env=feat-customer' }, overlay)]);
  return [plain, overlay];
}

async function dispatch(url: string, headers: Record<string, string>, into: Dispatched): Promise<void> {
  const begun = performance.now();
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  into.ms.push(performance.now() - begun);
  if (response.status === 200) into.ok++;
}

/** HotROD sends spans in batches, so the count is read until it is whole or the time is up. */
async function spansAre(stage: Stage, wanted: number): Promise<{ hotrod: number; overlay: number }> {
  const deadline = Date.now() + spansWithinMs;
  for (;;) {
    const spans = { hotrod: customerSpans(stage, 'hotrod'), overlay: customerSpans(stage, 'feat-customer') };
    if ((spans.hotrod >= wanted && spans.overlay >= wanted) || Date.now() > deadline) return spans;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function customerSpans(stage: Stage, env: string): number {
  return globSync(`${stage.dataDir}/logs/${env}/customer-*`).reduce(
    (sum, file) => sum + countServerSpans(readFileSync(file, 'utf8'), 'customer', '/customer'),
    0,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
