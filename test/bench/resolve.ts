import { bootstrap } from '@microstax/bus/bootstrap';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { type BareEcho, startBareEcho } from '@microstax/bus/testing/bare-echo';
import { type ResolveRequest, resolveRoute } from '@microstax/contracts/resolver-requests';
import { requestSubject } from '@microstax/contracts/subjects';
import { buckets, environmentKey, incarnationKey } from '@microstax/contracts/topology';
import { must } from '@microstax/model/must';
import { RouteIndex } from '@microstax/model/route-index';
import type { RouteTable } from '@microstax/model/route-table';
import { readResolverConfig } from '@microstax/resolver/config';
import { startResolver } from '@microstax/resolver/service';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { seededRandom } from '@microstax/testkit/random';
import { aTable } from '../../apps/router/src/testing/tables.ts';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { median, quantile } from './quantiles.ts';

const environments = 20;
const services = 50;
const wanted = 1_000_000; // resolutions a second, in process
const rounds = 40;
const requestsEach = 1_000;

export const resolve: Bench = {
  name: 'resolve',
  summary: 'where a request goes, in process and over the bus beside a bare request and reply',
  legend: [
    `resolve-in-process     answers a second for random services and contexts of ${environments} environments of ${services} services;`,
    `                       floor: the ${wanted.toLocaleString('en-US')} that are wanted; ratio: floor / p50`,
    'resolve-changing       the same where a table changes before every 1,000 questions, so that answers are worked out anew',
    'echo-<n>               microseconds of a bare request that is answered with its own body, n in flight',
    'resolve-bus-<n>        the same of a question to a resolver, its answer parsed; floor: echo of the same n;',
    '                       ratio: p50 of a round / p50 of the echo round beside it, the median of all rounds',
    'resolve-client-<n>     the same by the client that services have, with a span each',
    'echo-rate-64, resolve-bus-rate-64',
    '                       requests a second with 64 in flight; ratio: that of the echo round beside it / its own',
  ],
  run,
};

async function run(options: BenchOptions): Promise<readonly Row[]> {
  const tables = manyTables();
  options.progress('in process');
  return [...inProcess(tables, options), ...(await overTheBus(tables, options))];
}

/** A root that runs everything, and overlays on it that each run every tenth service. */
function manyTables(): RouteTable[] {
  const names = Array.from({ length: services }, (_, index) => `service-${index}`);
  return Array.from({ length: environments }, (_, index) => {
    const env = index === 0 ? 'shop' : `feat-${index}`;
    const runs = (at: number): boolean => index === 0 || at % 10 === index % 10;
    return aTable(env, {
      ...(index === 0 ? {} : { root: 'shop' }),
      records: Object.fromEntries(names.map((name, at) => [name, runs(at) ? env : 'shop'])),
    });
  });
}

/** The same questions in every run; one in ten has a context that nobody knows. */
function questions(count: number): ResolveRequest[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, () => {
    const to = random.integer(0, environments - 1);
    const service = `service-${random.integer(0, services - 1)}`;
    const context = random.integer(1, 10) === 1 ? 'nobody' : to === 0 ? undefined : `feat-${to}`;
    return { env: 'shop', service, ...(context === undefined ? {} : { context }) };
  });
}

function inProcess(tables: readonly RouteTable[], { quick }: BenchOptions): Row[] {
  const index = new RouteIndex();
  for (const table of tables) index.put(table);
  const asked = questions(100_000);
  const samples = quick ? 10 : 100;
  const rate = (each: () => void): number[] =>
    Array.from({ length: samples }, () => {
      const begun = performance.now();
      each();
      return (asked.length * 1_000) / (performance.now() - begun);
    });
  let found = 0;
  const askAll = (): void => {
    for (const question of asked) if (index.find(question).kind === 'target') found += 1;
  };
  askAll(); // the first one runs in the interpreter
  const steady = rate(askAll);
  const [changing] = tables.slice(1);
  const anew = rate(() => {
    for (let at = 0; at < asked.length; at += 1) {
      if (at % 1_000 === 0) index.put(must(changing, 'there are overlays'));
      if (index.find(must(asked[at], 'a question')).kind === 'target') found += 1;
    }
  });
  if (found === 0) throw new Error('nothing was resolved');
  return [steady, anew].map((rates, at) => ({
    name: at === 0 ? 'resolve-in-process' : 'resolve-changing',
    n: asked.length,
    unit: '/s',
    p50: median(rates),
    p99: quantile(rates, 0.01),
    floor: wanted,
    ratio: wanted / median(rates),
  }));
}

async function overTheBus(tables: readonly RouteTable[], options: BenchOptions): Promise<Row[]> {
  await using owned = new AsyncDisposableStack();
  const { url } = owned.use(await startTestNats());
  const telemetry = owned.use(startTelemetry({ service: 'bench' }));
  const bus = owned.use(await connectBus({ url, service: 'bench', log: silentLog, telemetry }));
  await bootstrap(bus);
  await (await bus.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
  const routes = await bus.bucket(buckets.routes);
  for (const table of tables) await routes.put(environmentKey('default', table.env), table);
  owned.use(await startResolver(readResolverConfig({ NATS_URL: url }), { log: silentLog }));
  const echo = owned.use(await startBareEcho(url));
  await eventually(() => ask(bus, { env: 'feat-1', service: 'service-1' }));
  const rows: Row[] = [];
  for (const flights of [1, 64]) rows.push(...(await besideEcho({ bus, echo, flights, options })));
  return rows;
}

async function ask(bus: Bus, question: ResolveRequest): Promise<boolean> {
  const reply = await bus.request(resolveRoute, 'default', question, { timeoutMs: 500 }).catch(() => null);
  return reply?.kind === 'target';
}

type Beside = {
  readonly bus: Bus;
  readonly echo: BareEcho;
  readonly flights: number;
  readonly options: BenchOptions;
};

/** Rounds of each in turn, so that what else the machine does meets both alike. */
async function besideEcho({ bus, echo, flights, options }: Beside): Promise<Row[]> {
  options.progress(`over the bus, ${flights} in flight`);
  const subject = requestSubject('resolver', 'default', 'resolve');
  const asked = questions(requestsEach);
  const bodies = asked.map((question) => Buffer.from(JSON.stringify(question)));
  const kinds = {
    echo: async (at: number) => void (await echo.ask(echo.subject, must(bodies[at], 'a question'))),
    'resolve-bus': async (at: number) => {
      const { ok } = JSON.parse(Buffer.from(await echo.ask(subject, must(bodies[at], 'a question'))).toString());
      if (ok !== true) throw new Error('a question was refused');
    },
    'resolve-client': async (at: number) =>
      void (await bus.request(resolveRoute, 'default', must(asked[at], 'a question'))),
  };
  const took = { echo: [] as Round[], 'resolve-bus': [] as Round[], 'resolve-client': [] as Round[] };
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  for (let round = -2; round < (options.quick ? 4 : rounds); round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const measured = await flight(kinds[name], flights);
      if (round >= 0) took[name].push(measured); // two rounds to warm up
    }
  return rowsOf(took, flights);
}

type Round = { readonly latenciesUs: readonly number[]; readonly perSecond: number };

async function flight(one: (at: number) => Promise<void>, flights: number): Promise<Round> {
  const latenciesUs: number[] = [];
  let next = 0;
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    while (next < requestsEach) {
      const at = next++;
      const from = performance.now();
      await one(at);
      latenciesUs.push((performance.now() - from) * 1_000);
    }
  };
  await Promise.all(Array.from({ length: flights }, worker));
  return { latenciesUs, perSecond: (requestsEach * 1_000) / (performance.now() - begun) };
}

function rowsOf(took: Readonly<Record<'echo' | 'resolve-bus' | 'resolve-client', readonly Round[]>>, flights: number) {
  const latency = (name: keyof typeof took): Pick<Row, 'n' | 'unit' | 'p50' | 'p99'> => {
    const all = took[name].flatMap(({ latenciesUs }) => latenciesUs);
    return { n: all.length, unit: 'us', p50: median(all), p99: quantile(all, 0.99) };
  };
  const floor = latency('echo').p50;
  const beside = (name: 'resolve-bus' | 'resolve-client'): Row => {
    const measured = latency(name);
    const ratios = took[name].map((round, at) => middle(round) / middle(must(took.echo[at], 'a round of each')));
    return { name: `${name}-${flights}`, ...measured, floor, ratio: median(ratios) };
  };
  const rows: Row[] = [
    { name: `echo-${flights}`, ...latency('echo'), floor: null, ratio: null },
    beside('resolve-bus'),
    beside('resolve-client'),
  ];
  return flights === 1 ? rows : [...rows, ...rateRows(took, flights)];
}

function middle({ latenciesUs }: Round): number {
  return median(latenciesUs);
}

function rateRows(took: Readonly<Record<'echo' | 'resolve-bus', readonly Round[]>>, flights: number): Row[] {
  const rate = (name: 'echo' | 'resolve-bus'): number[] => took[name].map(({ perSecond }) => perSecond);
  const row = (name: 'echo' | 'resolve-bus', floor: number | null): Row => {
    const rates = rate(name);
    const p50 = median(rates);
    const about = { name: `${name}-rate-${flights}`, n: rates.length, unit: '/s', p50, p99: quantile(rates, 0.01) };
    const ratios = rates.map((one, at) => must(took.echo[at], 'a round of each').perSecond / one);
    return { ...about, floor, ratio: floor === null ? null : median(ratios) };
  };
  return [row('echo', null), row('resolve-bus', median(rate('echo')))];
}
