import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { digestOf } from '@microstax/model/digest';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import type { Revision } from '@microstax/model/revision';
import { DirectedGraph } from 'graphology';
import { bfsFromNode } from 'graphology-traversal';
import { composeEnvironment } from '../../services/graph/src/core/composition.ts';
import { differenceOf } from '../../services/graph/src/core/difference.ts';
import { derivedGraph } from '../../services/graph/src/core/effective-graph.ts';
import { indexed } from '../../services/graph/src/core/indexed-graph.ts';
import { environmentView } from '../../services/graph/src/core/view.ts';
import { decideBlueprint } from '../../services/intake/src/core/decide.ts';
import { defaultLimits } from '../../services/intake/src/core/limits.ts';
import { readBlueprint } from '../../services/intake/src/core/read-blueprint.ts';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { quantile } from './quantiles.ts';
import {
  baselineName,
  baselineRevision,
  baselineText,
  changedIn,
  identityOf,
  nameOf,
  overlayText,
  type RandomGraph,
  randomGraph,
} from './random-graph.ts';

const series = [
  { size: 100, edges: 500, samples: 60 },
  { size: 1_000, edges: 5_000, samples: 60 },
  { size: 10_000, edges: 50_000, samples: 60 },
  { size: 100_000, edges: 1_000_000, samples: 7 },
] as const;
const changed = 5; // services of its own that the overlay declares
const textSizeMax = 10_000; // a longer text is past what intake accepts
const derivation = digestOf('derivation', 'bench');

export const graph: Bench = {
  name: 'graph',
  summary: 'normalise, difference and composition of an overlay of 5 services over baselines of 100 to 100,000',
  legend: [
    'derive-<n>         text of the overlay → revision, effective graph, difference, composition; the baseline of n services',
    '                   (5 edges each, 10 at 100,000) is known to the graph, as for every overlay but the first',
    'derive-<n>-cpu     processor time of the same on all threads, the collection of garbage included: what a busy machine says',
    'derive-<n>-cold    the same from the bytes of the baseline: parsed, its specs digested, its names numbered for the first time',
    'derive-<n>-sealed  canonical bytes and digests of that difference and composition',
    'normalise-<n>      JSON text of the baseline → sealed revision, as intake does once for each revision of a baseline',
    'reach-<n>          from the changed services to all that depend on them; floor: graphology; ratio: p50 / floor',
    'index-<n>          the names of the baseline as numbers and its rows; floor: graphology, the same nodes and edges',
    'memory-<n>         heap and buffers that a known baseline takes: revision, effective graph, names, rows, needs',
  ],
  async run(options) {
    const rows: Row[] = [];
    for (const one of series) {
      if (options.quick && one.size > 10_000) continue;
      options.progress(`${one.size} services, ${one.edges} edges`);
      rows.push(...measure({ ...one, samples: options.quick ? 5 : one.samples }, options));
    }
    return rows;
  },
};

type Measured = { readonly size: number; readonly edges: number; readonly samples: number };

function measure({ size, edges, samples }: Measured, { progress }: BenchOptions): Row[] {
  const random = randomGraph(size, edges);
  const { bytes } = baselineRevision(random);
  const before = usedBytes();
  const baseline = knownBaseline(bytes);
  const memory = (usedBytes() - before) / 1024 ** 2;
  const overlays = Array.from({ length: samples + 1 }, (_, index) => overlayText(random, `over-${index}`, { changed }));
  const [warmUp, ...texts] = overlays;
  deriveOverlay(must(warmUp, 'there is one text more than samples'), random, baseline);
  const derived: Took[] = [];
  const sealed: number[] = [];
  for (const text of texts) {
    const { result, ...took } = timed(() => deriveOverlay(text, random, baseline));
    derived.push(took);
    if (sealed.length < 10) sealed.push(timed(() => sealBoth(result)).ms); // and let go: results are large
  }
  const cold = texts.slice(0, Math.min(samples, 7)).map((text) => {
    return timed(() => deriveOverlay(text, random, knownBaseline(bytes))).ms;
  });
  const rows = [
    row(
      `derive-${size}`,
      'ms',
      derived.map(({ ms }) => ms),
    ),
    row(
      `derive-${size}-cpu`,
      'ms',
      derived.map(({ cpuMs }) => cpuMs),
    ),
    row(`derive-${size}-cold`, 'ms', cold),
    row(`derive-${size}-sealed`, 'ms', sealed),
    ...(size > textSizeMax ? [] : [normalised(random, bytes, samples)]),
    ...besideGraphology(random, baseline, samples),
    row(`memory-${size}`, 'MB', [memory]),
  ];
  progress(`  ${rows[0]?.p50.toFixed(1)} ms for an overlay`);
  return rows;
}

type Baseline = { readonly revision: Revision; readonly effective: EffectiveGraph };

/** A baseline as the graph knows it once it was asked about: parsed, effective, numbered. */
function knownBaseline(bytes: string): Baseline {
  const revision = JSON.parse(bytes) as Revision;
  const effective = derivedGraph(null, revision);
  indexed(effective);
  return { revision, effective };
}

function deriveOverlay(text: string, graph: RandomGraph, { revision, effective }: Baseline) {
  const env = /over-\d+/.exec(text)?.[0] ?? '';
  const own = ownRevision(text, env, graph, { revision });
  const target = derivedGraph(effective, own.value);
  const difference = differenceOf({ env, parent: effective, target, own: own.value, derivation });
  const composition = composeEnvironment({
    env,
    mode: 'overlay',
    lineage: [{ env: baselineName, revision, effective }],
    own: own.value,
    effective: target,
    outside: [],
    derivation,
  });
  return { difference, composition };
}

/** As intake reads it, with the graph's answer about the parent at hand. */
function ownRevision(text: string, env: string, graph: RandomGraph, { revision }: Pick<Baseline, 'revision'>) {
  const parent = environmentView({ chain: [revision], lineageEnvs: [], deleted: false, headerName: 'x-msx-env' });
  const names = changedIn(graph, changed).map(nameOf);
  const identities = Object.fromEntries(names.map((name) => [name, identityOf(name)]));
  return accepted(text, env, { self: null, parent, valueHolder: null, identities });
}

function accepted(text: string, env: string, reply: Parameters<typeof decideBlueprint>[1]): Artifact<Revision> {
  const limits = { ...defaultLimits, maxTokens: 100_000_000, maxEdges: 10_000_000 };
  const decision = decideBlueprint(readBlueprint(text, { org, env }, limits), reply);
  if (decision.kind === 'accepted') return decision.revision;
  throw new Error(`Cannot measure "${env}": it was ${decision.kind} with ${JSON.stringify(decision.findings[0])}`);
}

function sealBoth({ difference, composition }: ReturnType<typeof deriveOverlay>): void {
  sealArtifact('difference', difference);
  sealArtifact('composition', composition);
}

function normalised(random: RandomGraph, bytes: string, samples: number): Row {
  const text = baselineText(random);
  const identities = Object.fromEntries(random.calls.map((_, index) => [nameOf(index), identityOf(nameOf(index))]));
  const once = () => accepted(text, baselineName, { self: null, parent: null, valueHolder: null, identities });
  if (once().bytes !== bytes) throw new Error('Cannot measure: intake makes another revision of the same baseline');
  const took = Array.from({ length: random.size >= textSizeMax ? 3 : Math.min(samples, 10) }, () => timed(once).ms);
  return row(`normalise-${random.size}`, 'ms', took);
}

function besideGraphology(random: RandomGraph, { effective }: Baseline, samples: number): Row[] {
  const starts = changedIn(random, changed).map(nameOf);
  const { rows } = indexed(effective);
  const ids = starts.map((name) => must(rows.idOf(name), 'a changed service is in the baseline'));
  const building = Array.from({ length: Math.min(samples, 5) }, () => timed(() => indexed({ ...effective })).ms);
  const { ms: built, result: oracle } = timed(() => asGraphology(effective));
  const reach = Array.from({ length: samples }, () => timed(() => rows.reach(ids, { along: 'sources' }).ids.length));
  const other = Array.from({ length: Math.min(samples, 5) }, () => timed(() => reachedByGraphology(oracle, starts)));
  if (reach[0]?.result !== other[0]?.result)
    throw new Error(`Cannot compare: ${reach[0]?.result} services are reached, by graphology ${other[0]?.result}`);
  const reaching = row(
    `reach-${random.size}`,
    'ms',
    reach.map(({ ms }) => ms),
  );
  const indexing = row(`index-${random.size}`, 'ms', building);
  const floor = quantile(
    other.map(({ ms }) => ms),
    0.5,
  );
  return [
    { ...reaching, floor, ratio: reaching.p50 / floor },
    { ...indexing, floor: built, ratio: indexing.p50 / built },
  ];
}

function asGraphology({ services }: EffectiveGraph): DirectedGraph {
  const graph = new DirectedGraph();
  for (const { name } of services) graph.addNode(name);
  for (const { name, spec } of services)
    for (const { service } of spec.dependsOn) graph.mergeDirectedEdge(name, service);
  return graph;
}

/** graphology searches from one node, so what was seen is kept over the starts. */
function reachedByGraphology(graph: DirectedGraph, starts: readonly string[]): number {
  const seen = new Set<string>();
  for (const start of starts)
    bfsFromNode(
      graph,
      start,
      (name) => {
        if (seen.has(name)) return true;
        seen.add(name);
        return false;
      },
      { mode: 'inbound' },
    );
  return seen.size;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is used once what nobody needs any more is gone. */
function usedBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

type Took = { readonly ms: number; readonly cpuMs: number };

function timed<T>(work: () => T): Took & { readonly result: T } {
  const usedBefore = process.cpuUsage();
  const startedAt = performance.now();
  const result = work();
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(usedBefore);
  return { ms, cpuMs: (user + system) / 1_000, result };
}

function row(name: string, unit: string, values: readonly number[]): Row {
  return {
    name,
    n: values.length,
    unit,
    p50: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    floor: null,
    ratio: null,
  };
}
