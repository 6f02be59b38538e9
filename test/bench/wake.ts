import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Bucket, Bus } from '@microstax/bus/bus';
import { buckets, environmentKey } from '@microstax/contracts/topology';
import { defaultOrg } from '@microstax/model/names';
import type { RouteTable } from '@microstax/model/route-table';
import type { EnvironmentStatus } from '@microstax/model/status';
import { type Activations, followActivations } from './activations.ts';
import type { Bench, Row } from './bench.ts';
import { startPlant } from './plant.ts';
import { median, quantile } from './quantiles.ts';

const samples = 40;
const quickSamples = 3;
const crowd = 64;
const secondsMax = 60;
const env = 'dozing';
const program = 'programs/answer.mjs';

export const wake: Bench = {
  name: 'wake',
  summary: 'from a request for a sleeping environment to the first byte of its answer',
  legend: [
    'wake-first-byte  one request for an environment of one service that sleeps, until the head of its answer;',
    '                 six services and a router in this process, the service is a real process',
    '                 floor: bare-start; ratio: how much longer than that',
    `wake-${crowd}          ${crowd} such requests at once, until the last one is answered; floor: bare-start`,
    'bare-start       the same program started by hand, until it answers',
  ],
  async run({ quick, progress }) {
    await using plant = await startPlant({ processes: true });
    await using activations = await followActivations(plant.bus);
    progress('an environment of one service');
    await activations.apply(env, blueprint);
    const url = await urlOf(plant.bus);
    const slept = { activations, statuses: await plant.bus.bucket(buckets.environments) };
    const count = quick ? quickSamples : samples;
    const measured = { one: [] as number[], many: [] as number[], bare: [] as number[] };
    const endsAt = performance.now() + secondsMax * 1_000;
    for (let round = 0; round <= count && performance.now() < endsAt; round += 1) {
      const one = await woken(slept, url, 1);
      const many = await woken(slept, url, crowd);
      const bare = await bareStart();
      if (round === 0) continue; // the first run in the interpreter
      measured.one.push(one);
      measured.many.push(many);
      measured.bare.push(bare);
    }
    const floor = median(measured.bare);
    return [
      rowOf('wake-first-byte', measured.one, floor),
      rowOf(`wake-${crowd}`, measured.many, floor),
      rowOf('bare-start', measured.bare, null),
    ];
  },
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: these words are what a Blueprint says
const port = '${port.http}';
const blueprint = JSON.stringify({
  name: env,
  routing: { mode: 'baseline' },
  services: [
    {
      name: 'web',
      run: { command: ['node', program] },
      env: { PORT: port },
      ports: [{ name: 'http', containerPort: 28_080, protocol: 'http' }],
      expose: true,
    },
  ],
});

async function urlOf(bus: Bus): Promise<string> {
  const routes = await bus.bucket(buckets.routes);
  const table = await routes.get<RouteTable>(environmentKey(defaultOrg, env));
  const [listener] = table?.value.listeners ?? [];
  if (listener === undefined) throw new Error(`"${env}" has no listener`);
  return `http://${listener.host}:${listener.listenPort}/`;
}

async function woken({ activations, statuses }: Slept, url: string, requests: number): Promise<number> {
  await activations.command(env, 'sleep');
  await until(statuses, 'asleep');
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: requests }, () => firstByte(url)));
  const tookMs = performance.now() - startedAt;
  await until(statuses, 'ready'); // its wake-up has its outcome too before it is put to sleep again
  return tookMs;
}

type Slept = { readonly activations: Activations; readonly statuses: Bucket };

async function until(statuses: Bucket, wanted: EnvironmentStatus['state']): Promise<void> {
  while ((await statuses.get<EnvironmentStatus>(environmentKey(defaultOrg, env)))?.value.state !== wanted)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

function firstByte(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = get(url, { agent: false }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`${url} answered ${response.statusCode}: ${response.headers['x-msx-reason']}`));
    });
    asking.once('error', reject);
  });
}

async function bareStart(): Promise<number> {
  const free = await freePort();
  const startedAt = performance.now();
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, program)], {
    env: { PORT: String(free) },
    stdio: 'ignore',
  });
  try {
    for (;;) {
      const answered = await firstByte(`http://127.0.0.1:${free}/`).then(
        () => true,
        () => false,
      );
      if (answered) return performance.now() - startedAt;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Broken invariant: a TCP server has a port');
  return address.port;
}

function rowOf(name: string, values: readonly number[], floor: number | null): Row {
  const p50 = median(values);
  const ratio = floor === null ? null : p50 / floor;
  return { name, n: values.length, unit: 'ms', p50, p99: quantile(values, 0.99), floor, ratio };
}
