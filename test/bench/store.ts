import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { audit } from '../../services/graph/src/core/audit.ts';
import type { Batch, GraphStore } from '../../services/graph/src/shell/store/graph-store.ts';
import { openSqliteStore } from '../../services/graph/src/shell/store/sqlite-store.ts';
import { GraphHands } from '../../services/graph/src/testing/graph-hands.ts';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { median, quantile } from './quantiles.ts';

const flights = 64;
const bodyChars = 2_000; // of a document: an environment's row, an activation's, an overlay's artifact
const generations = 40;
const services = 50;

export const store: Bench = {
  name: 'store',
  summary: 'commits, reads as of a generation and audit entries of the SQLite store',
  legend: [
    'commit-1           a commit of five documents of 2 kB, two guards, an audit entry and an outbox row, alone',
    '                   floor: the same bytes written to a file and synced; ratio: p50 / floor',
    `commit-${flights}          the same with ${flights} in flight, from call to answer; floor: commit-1`,
    `commits-${flights}         how many of these a second; p99: the slowest round; floor: what commit-1 gives, ratio: p50 / floor`,
    `as-of-${generations}           one generation out of ${generations} with all its artifacts, of an environment of ${services} services, by the query`,
    'as-of-reads        how many of these a second; p99: the slowest round',
    'audit-1, audit-100 audit entries a second, one and a hundred in a commit; p99: the slowest round',
  ],
  async run(options) {
    const folder = mkdtempSync(join(tmpdir(), 'msx-bench-store-'));
    try {
      await using opened = await openSqliteStore(join(folder, 'graph.db'));
      const alone = await commitsAlone(opened, join(folder, 'floor'), options);
      const together = await commitsTogether(opened, median(alone.p50s), options);
      const reads = await asOf(options);
      return [alone.row, ...together, ...reads, await leaves(opened, 1, options), await leaves(opened, 100, options)];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

let documents = 0;

function batch(): Batch {
  const key = `default/${String(++documents).padStart(8, '0')}`;
  const body = { text: 'x'.repeat(bodyChars) };
  const kept = ['environments', 'activations', 'artifacts', 'journal', 'answers'] as const;
  const leaf = audit('default', { at: 1, actor: null, verb: 'revised', subject: 'shop@1', digest: null });
  return {
    guards: [
      { collection: 'environments', key, version: 0 },
      { collection: 'activations', key, version: 0 },
    ],
    puts: kept.map((collection) => ({ collection, key, body })),
    removes: [],
    appends: [leaf, { log: 'outbox', org: 'default', body: { text: 'x'.repeat(bodyChars / 4) } }],
  };
}

async function committed(store: GraphStore): Promise<number> {
  const one = batch();
  const startedAt = performance.now();
  const result = await store.commit(one);
  if (result.kind !== 'committed') throw new Error(`A commit that nobody races was answered "${result.kind}"`);
  return performance.now() - startedAt;
}

async function commitsAlone(store: GraphStore, file: string, { quick, progress }: BenchOptions) {
  progress('store: commits, one in flight');
  const count = quick ? 200 : 2_000;
  for (let n = 0; n < count / 10; n++) await committed(store);
  const took: number[] = [];
  const bare: number[] = [];
  const descriptor = openSync(file, 'w');
  // In turns, so that whatever else the machine does falls on both.
  for (let n = 0; n < count; n++) {
    took.push(await committed(store));
    const bytes = Buffer.alloc(5 * bodyChars, 120);
    const startedAt = performance.now();
    writeSync(descriptor, bytes);
    fdatasyncSync(descriptor);
    bare.push(performance.now() - startedAt);
  }
  closeSync(descriptor);
  const [p50, floor] = [median(took), median(bare)];
  const row: Row = {
    name: 'commit-1',
    n: count,
    unit: 'ms',
    p50,
    p99: quantile(took, 0.99),
    floor,
    ratio: p50 / floor,
  };
  return { row, p50s: took };
}

async function commitsTogether(
  store: GraphStore,
  aloneMs: number,
  { quick, progress }: BenchOptions,
): Promise<readonly Row[]> {
  progress(`store: commits, ${flights} in flight`);
  const took: number[] = [];
  const rates: number[] = [];
  const perFlight = quick ? 5 : 30;
  const rounds = quick ? 2 : 8;
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    const flight = async (): Promise<void> => {
      for (let n = 0; n < perFlight; n++) took.push(await committed(store));
    };
    await Promise.all(Array.from({ length: flights }, flight));
    rates.push((flights * perFlight * 1_000) / (performance.now() - startedAt));
  }
  const each = { n: took.length, unit: 'ms', p50: median(took), p99: quantile(took, 0.99) };
  return [
    { name: `commit-${flights}`, ...each, floor: aloneMs, ratio: each.p50 / aloneMs },
    rateRow(`commits-${flights}`, rates, took.length, 1_000 / aloneMs),
  ];
}

async function asOf({ quick, progress }: BenchOptions): Promise<readonly Row[]> {
  progress('store: reads as of a generation');
  const folder = mkdtempSync(join(tmpdir(), 'msx-bench-as-of-'));
  try {
    await using opened = await openSqliteStore(join(folder, 'graph.db'));
    const hands = new GraphHands(opened);
    const names = Array.from({ length: services }, (_, index) => `service-${index}`);
    for (let version = 1; version <= generations; version++)
      await hands.apply(
        aRevision('shop', { services: names.map((name) => aService(name, { env: { VERSION: String(version) } })) }),
      );
    const took: number[] = [];
    const rates: number[] = [];
    const perRound = quick ? 20 : 100;
    for (let round = 0; round < (quick ? 2 : 6); round++) {
      const roundStartedAt = performance.now();
      for (let n = 0; n < perRound; n++) {
        const startedAt = performance.now();
        const at = 1 + ((n * 7 + round) % generations);
        const reply = await hands.ask({ kind: 'environment-detail', env: 'shop', at });
        if (reply.kind !== 'environment-detail') throw new Error(`Generation ${at} was answered "${reply.kind}"`);
        took.push(performance.now() - startedAt);
      }
      rates.push((perRound * 1_000) / (performance.now() - roundStartedAt));
    }
    const each = { n: took.length, unit: 'ms', p50: median(took), p99: quantile(took, 0.99) };
    return [
      { name: `as-of-${generations}`, ...each, floor: null, ratio: null },
      rateRow('as-of-reads', rates, took.length, null),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function leaves(store: GraphStore, perCommit: number, { quick, progress }: BenchOptions): Promise<Row> {
  progress(`store: audit entries, ${perCommit} in a commit`);
  const leaf = audit('default', { at: 1, actor: null, verb: 'revised', subject: 'shop@1', digest: null });
  const appends = Array.from({ length: perCommit }, () => leaf);
  const commits = quick ? 50 : 300;
  const rates: number[] = [];
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    const startedAt = performance.now();
    for (let n = 0; n < commits; n++) await store.commit({ guards: [], puts: [], removes: [], appends });
    rates.push((commits * perCommit * 1_000) / (performance.now() - startedAt));
  }
  return rateRow(`audit-${perCommit}`, rates, rates.length * commits * perCommit, null);
}

/** A rate is better the higher it is: the slowest round stands where the slowest sample stands of a duration. */
function rateRow(name: string, rates: readonly number[], n: number, floor: number | null): Row {
  const p50 = median(rates);
  return { name, n, unit: '/s', p50, p99: Math.min(...rates), floor, ratio: floor === null ? null : p50 / floor };
}
