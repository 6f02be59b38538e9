import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { debianProgram } from '../artifacts/debian-program.ts';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { median, quantile } from './quantiles.ts';

const flights = 16;
const roundMs = 250;
const warmUpRequests = 8_000; // until then the compiler works beside a proxy, and for the one with more code longer
const kinds = ['http', 'grpc'] as const;
type Kind = (typeof kinds)[number];
const shown: Readonly<Record<Kind, string>> = { http: 'http1', grpc: 'grpc' };

export const router: Bench = {
  name: 'router',
  summary: 'requests through the router beside a bare Node proxy and nginx with the same header routing',
  legend: [
    `http1-…, grpc-…  GET of 1 kB over HTTP/1.1, and unary calls of gRPC, ${flights} at a time, every second one with a context;`,
    '                 load, targets and each proxy are processes of their own; short rounds in turns',
    '…-cpu            CPU of the proxy for one request, by /proc; p99: the worst round',
    '…-rate           requests a second of one proxy process; p99: the slowest round',
    '…-latency        p99: the median of the rounds’ 99 %',
    'floor            the bare proxy of the same run, which reads nothing and asks both targets in turns;',
    'ratio            the median of the rounds’ own ratios',
  ],
  async run(options) {
    const folder = mkdtempSync(join(tmpdir(), 'msx-bench-router-'));
    await using owned = new AsyncDisposableStack();
    owned.defer(() => rmSync(folder, { recursive: true, force: true }));
    const targets = owned.use(await startProgram('targets', []));
    const { base, changed, grpcBase, grpcChanged } = targets.ports;
    const ports = [base, changed, grpcBase, grpcChanged].map(String);
    const proxies = new Map<string, Started>();
    proxies.set('bare', owned.use(await startProgram('bare-proxy', ports)));
    proxies.set('router', owned.use(await startProgram('router-proxy', ports)));
    const nginx = await startNginx(folder, targets.ports);
    if (nginx !== undefined) proxies.set('nginx', owned.use(nginx));
    const load = owned.use(startLoad());
    const rows: Row[] = [];
    for (const kind of kinds) rows.push(...rowsOf(kind, await measured(kind, { proxies, load, options })));
    return rows;
  },
};

type Round = { readonly cpuMicros: number; readonly rate: number; readonly p50: number; readonly p99: number };
type Stage = { readonly proxies: ReadonlyMap<string, Started>; readonly load: Load; readonly options: BenchOptions };

/** All proxies in short turns, so that what else the machine does concerns them alike. */
async function measured(kind: Kind, { proxies, load, options }: Stage): Promise<ReadonlyMap<string, readonly Round[]>> {
  const rounds = new Map<string, Round[]>([...proxies.keys()].map((name) => [name, []]));
  const count = options.quick ? 8 : 80;
  for (const proxy of proxies.values())
    await warmUp(kind, proxy, { load, requests: options.quick ? 1_000 : warmUpRequests });
  for (let round = 1; round <= count; round++) {
    if (round % 20 === 0) options.progress(`${shown[kind]}: round ${round} of ${count}`);
    const order = round % 2 === 0 ? [...proxies] : [...proxies].reverse();
    for (const [name, proxy] of order) rounds.get(name)?.push(await oneRound(kind, proxy, { load, ms: roundMs }));
  }
  return rounds;
}

type WarmUpOptions = { readonly load: Load; readonly requests: number };

async function warmUp(kind: Kind, { ports }: Started, { load, requests }: WarmUpOptions): Promise<void> {
  for (let left = requests; left > 0; )
    left -= (await load.ask(`${kind} ${ports[kind]} ${roundMs} ${flights}`)).requests;
}

type RoundOptions = { readonly load: Load; readonly ms: number };

async function oneRound(kind: Kind, { pid, ports }: Started, { load, ms }: RoundOptions): Promise<Round> {
  const before = cpuMicros(pid);
  const { requests, elapsedMs, p50, p99 } = await load.ask(`${kind} ${ports[kind]} ${ms} ${flights}`);
  return { cpuMicros: (cpuMicros(pid) - before) / requests, rate: (requests / elapsedMs) * 1_000, p50, p99 };
}

type Loaded = Readonly<Record<'requests' | 'elapsedMs' | 'p50' | 'p99', number>>;
type Load = AsyncDisposable & { ask(round: string): Promise<Loaded> };

function startLoad(): Load {
  const child = spawn(process.execPath, [programPath('load')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The load has ended with code ${code}`)));
  ended.catch(() => {});
  return {
    async ask(round) {
      child.stdin.write(`${round}\n`);
      const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
      return JSON.parse(line);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended.catch(() => {});
    },
  };
}

function rowsOf(kind: Kind, measured: ReadonlyMap<string, readonly Round[]>): Row[] {
  const of = (name: string, key: keyof Round): number[] => (measured.get(name) ?? []).map((round) => round[key]);
  return [...measured.keys()].flatMap((name): Row[] => {
    const row = (what: string, unit: string, key: keyof Round, p99: number): Row => {
      const bare = of('bare', key);
      const [p50, floor] = [median(of(name, key)), name === 'bare' ? null : median(bare)];
      const ratio = floor === null ? null : median(of(name, key).map((value, round) => value / (bare[round] ?? value)));
      return { name: `${shown[kind]}-${what}-${name}`, n: of(name, key).length, unit, p50, p99, floor, ratio };
    };
    return [
      row('cpu', 'µs', 'cpuMicros', quantile(of(name, 'cpuMicros'), 0.99)),
      row('rate', '1/s', 'rate', quantile(of(name, 'rate'), 0.01)),
      row('latency', 'ms', 'p50', median(of(name, 'p99'))),
    ];
  });
}

/** Time of all its threads on a processor so far, in nanoseconds by /proc. */
function cpuMicros(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ofThread = (id: string): number =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  return threads.reduce((sum, id) => sum + ofThread(id), 0) / 1_000;
}

type Started = AsyncDisposable & { readonly pid: number; readonly ports: Readonly<Record<string, number>> };

async function startProgram(name: string, args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [programPath(name), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return started(child, JSON.parse(line));
}

/** One process, as the others are one; a map over the header, as `msx artifacts --format nginx` writes it. */
async function startNginx(folder: string, ports: Readonly<Record<string, number>>): Promise<Started | undefined> {
  const program = await debianProgram(folder, ['nginx'], 'nginx');
  if (program === undefined) return undefined;
  const own = { http: await freePort(), grpc: await freePort() };
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`);
  const upstreams = ['base', 'changed', 'grpcBase', 'grpcChanged'].map(
    (name) => `upstream ${name} { server 127.0.0.1:${ports[name]}; keepalive ${flights}; keepalive_requests 1000000; }`,
  );
  const server = (port: number, options: string, inner: string): string =>
    `server { listen 127.0.0.1:${port}${options}; keepalive_requests 1000000; ${inner} }`;
  const conf = `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${paths.join(' ')} ${upstreams.join('\n')}
      map $http_x_msx_env $to { default base; team changed; }
      map $http_x_msx_env $to_grpc { default grpcBase; team grpcChanged; }
      ${server(own.http, '', 'location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://$to; }')}
      ${server(own.grpc, ' http2', 'location / { grpc_pass grpc://$to_grpc; }')}
    }`;
  writeFileSync(join(folder, 'nginx.conf'), conf);
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')];
  const child = spawn(program.path, args, { env: program.env, stdio: ['ignore', 'ignore', 'inherit'] });
  const nginx = started(child, own);
  try {
    await accepts(own.http);
    return nginx;
  } catch (error) {
    await nginx[Symbol.asyncDispose]();
    throw error;
  }
}

function started(child: ChildProcess, ports: Readonly<Record<string, number>>): Started {
  const { pid } = child;
  if (pid === undefined) throw new Error('Cannot measure a program that did not start');
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { pid, ports, [Symbol.asyncDispose]: end };
}

function programPath(name: string): string {
  return join(import.meta.dirname, 'programs', `${name}.ts`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      ({ cause }: { cause?: { code?: string } }) => cause?.code !== 'ECONNREFUSED',
    );
    if (answered) return;
    if (Date.now() > deadline) throw new Error(`Nobody listens at port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
