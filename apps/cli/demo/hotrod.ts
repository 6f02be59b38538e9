import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { buildHotrod } from '../../../examples/hotrod/build.ts';
import { defaultCacheDir } from '../../../examples/hotrod/config.ts';
import { countServerSpans } from '../../../examples/hotrod/spans.ts';
import { onStage, type Stage } from './stage.ts';

/**
 * The main job on HotROD, an application of others: twice 200 dispatches, half of them with the context of an overlay. One
 * changes its driver, which is called over gRPC, the other its customer service; every call is counted in HotROD's own
 * spans.
 */
const pairs = Number(process.env.MSX_HOTROD_PAIRS || 100);
const overlays = [
  { env: 'feat-driver', service: 'driver', how: 'gRPC', target: '/driver.DriverService/FindNearest' },
  { env: 'feat-customer', service: 'customer', how: 'HTTP/1.1', target: '/customer' },
] as const;
type Overlay = (typeof overlays)[number];
const spansWithinMs = 15_000;

const built = await buildHotrod({ cacheDir: defaultCacheDir(), announce: (line) => process.stderr.write(`${line}\n`) });
if ('skipped' in built) process.stdout.write(`SKIPPED demo:hotrod: ${built.skipped}\n`);
else process.exitCode = await onStage({ name: 'hotrod', path: [dirname(built.path)] }, play);

async function play(stage: Stage): Promise<void> {
  stage.say('1. HotROD, unchanged, as a baseline');
  await stage.msx(['apply', '-f', 'examples/hotrod/baseline.yaml', '--wait']);
  for (const [index, overlay] of overlays.entries()) await prove(stage, overlay, index);
}

/** `index` overlays have been proved before, with dispatches that all reached the baseline's instance of this service. */
async function prove({ msx, say, ...stage }: Stage, overlay: Overlay, index: number): Promise<void> {
  const { env, service, how } = overlay;
  const step = 2 + index * 3;
  say(`${step}. An overlay that changes ${service}, which is called over ${how}`);
  await msx(['apply', '-f', `examples/hotrod/overlay-${service}.yaml`, '--wait']);
  await msx(['get', 'services', env]);
  await msx(['plan', env]);
  await msx(['resolve', env, service]);
  say(`${step + 1}. ${pairs * 2} dispatches, half of them with the context`);
  await dispatchPairs(`${stage.url('hotrod', 'frontend')}/dispatch?customer=123`, env);
  say(`${step + 2}. Where each ${service} call arrived, counted in HotROD's own spans`);
  const wanted = { hotrod: pairs * (1 + 2 * index), overlay: pairs };
  const spans = await spansAre(stage.dataDir, overlay, wanted);
  process.stdout.write(`${service} of hotrod: ${spans.hotrod}\n${service} of ${env}: ${spans.overlay}\n`);
  if (spans.hotrod !== wanted.hotrod || spans.overlay !== wanted.overlay)
    throw new Error(`wanted ${wanted.hotrod} calls at hotrod's ${service} and ${wanted.overlay} at that of ${env}`);
  const frontend = JSON.parse(await msx(['resolve', env, 'frontend', '-o', 'json'], { quiet: true })) as {
    tier: string;
  };
  if (frontend.tier !== 'baseline') throw new Error(`frontend answers from tier "${frontend.tier}", wanted "baseline"`);
  process.stdout.write('frontend is inherited\n');
}

type Dispatched = { ok: number; readonly ms: number[] };

/** One with and one without the context at a time: HotROD's driver fakes errors under more. */
async function dispatchPairs(url: string, env: string): Promise<void> {
  const plain: Dispatched = { ok: 0, ms: [] };
  const overlay: Dispatched = { ok: 0, ms: [] };
  for (let pair = 0; pair < pairs; pair++)
    await Promise.all([dispatch(url, {}, plain), dispatch(url, { baggage: `msx-env=${env}` }, overlay)]);
  for (const [name, { ok, ms }] of [
    ['without context', plain],
    ['with context', overlay],
  ] as const)
    process.stdout.write(
      `${`${name}:`.padEnd(16)} ${ok} of ${pairs} answered 200, median ${median(ms).toFixed(0)} ms\n`,
    );
  if (plain.ok + overlay.ok !== 2 * pairs)
    throw new Error(`${2 * pairs - plain.ok - overlay.ok} of ${2 * pairs} dispatches were not answered 200`);
}

async function dispatch(url: string, headers: Record<string, string>, into: Dispatched): Promise<void> {
  const begun = performance.now();
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  into.ms.push(performance.now() - begun);
  if (response.status === 200) into.ok++;
}

type Spans = { readonly hotrod: number; readonly overlay: number };

/** HotROD sends spans in batches, so the count is read until it is whole or the time is up. */
async function spansAre(dataDir: string, overlay: Overlay, wanted: Spans): Promise<Spans> {
  const deadline = Date.now() + spansWithinMs;
  for (;;) {
    const spans = { hotrod: spansOf(dataDir, 'hotrod', overlay), overlay: spansOf(dataDir, overlay.env, overlay) };
    if ((spans.hotrod >= wanted.hotrod && spans.overlay >= wanted.overlay) || Date.now() > deadline) return spans;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function spansOf(dataDir: string, env: string, { service, target }: Overlay): number {
  return globSync(`${dataDir}/logs/${env}/${service}-*`).reduce(
    (sum, file) => sum + countServerSpans(readFileSync(file, 'utf8'), service, target),
    0,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
