// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these words are what a Blueprint says
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap } from '@microstax/bus/bootstrap';
import { type Bus, endpoint, type PublishOptions } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { connectBus } from '@microstax/bus/connect';
import { activationApproved } from '@microstax/contracts/activation-approved';
import { bundleOf } from '@microstax/contracts/bundle';
import { executionOffered } from '@microstax/contracts/execution-offered';
import {
  append,
  artifact,
  claim,
  drift,
  estate,
  incarnationOf,
  renew,
  takeover,
} from '@microstax/contracts/graph-requests';
import { confirmRoutes, idleEndpoints, type ScopeRequest, scope } from '@microstax/contracts/router-requests';
import { buckets, incarnationKey } from '@microstax/contracts/topology';
import type { Approval } from '@microstax/model/approval';
import { sealArtifact } from '@microstax/model/artifact';
import type { Plan } from '@microstax/model/plan';
import type { RouteTable } from '@microstax/model/route-table';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { silentLog } from '@microstax/service/log';
import { isSameProcess, ownerIdentity } from '@microstax/service/process-identity';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { processesWith } from '@microstax/testkit/processes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRuntimeConfig } from './config.ts';
import { aPlan, aResolution, aSpec } from './core/testing/plans.ts';
import { startRuntime } from './service.ts';
import { MemoryGraph } from './shell/testing/memory-graph.ts';

const org = 'default';
const running = new AsyncDisposableStack();
const graph = new MemoryGraph();
const routed: ScopeRequest[] = [];
const drained: string[] = [];
let natsUrl: string;
let dataDir: string;
let bus: Bus;
let runtime: AsyncDisposable;

/** An environment whose next claim is committed and never answered, as when the bus dies in between. */
let loseReplyOf: string | undefined;
function lostReply(): BusError {
  loseReplyOf = undefined;
  return new BusError('unavailable', 'the reply is lost');
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'msx-runtime-'));
  running.defer(() => rm(dataDir, { recursive: true, force: true }));
  running.defer(() => {
    for (const pid of processesWith(dataDir)) process.kill(pid, 'SIGKILL');
  });
  natsUrl = running.use(await startTestNats()).url;
  const telemetry = running.use(startTelemetry({ service: 'graph' }));
  bus = running.use(await connectBus({ url: natsUrl, service: 'graph', log: silentLog, telemetry }));
  await bootstrap(bus);
  await (await bus.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
  running.use(
    await bus.serve([
      endpoint(incarnationOf, async () => ({ incarnation: 1 })),
      endpoint(claim, async (request, about) => {
        const reply = await graph.claim(about.org, request);
        if (request.env === loseReplyOf) throw lostReply();
        return reply;
      }),
      endpoint(append, (request, about) => graph.append(about.org, request)),
      endpoint(renew, (request, about) => graph.renew(about.org, request)),
      endpoint(takeover, (request, about) => graph.takeover(about.org, request)),
      endpoint(estate, (request, about) => graph.estate(about.org, request.env)),
      endpoint(drift, (request, about) => graph.drift(about.org, request)),
      endpoint(artifact, async ({ digest }) => {
        const sealed = graph.artifacts.get(digest) as { kind: string; bytes: string } | undefined;
        return sealed ? { kind: sealed.kind, bytes: sealed.bytes } : null;
      }),
    ]),
  );
  running.use(
    await bus.serveRouter([
      endpoint(scope, async (request) => {
        routed.push(request);
        const listeners = request.wanted.map(({ service, port }, index) => ({
          ...{ service, port, host: '127.0.0.1' },
          listenPort:
            request.keep.find((one) => one.service === service && one.port === port)?.listenPort ?? 9_000 + index,
        }));
        return { listeners };
      }),
      endpoint(confirmRoutes, async ({ revision }) => ({ confirmed: true, revision })),
      endpoint(idleEndpoints, async ({ instances }) => {
        drained.push(...instances);
        return { idle: true, open: 0 };
      }),
    ]),
  );
  runtime = await start();
});

afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await running.disposeAsync();
});

function start(env: Record<string, string> = {}): Promise<AsyncDisposable> {
  const config = readRuntimeConfig({
    ...{ NATS_URL: natsUrl, MSX_DATA: dataDir, MSX_WORKDIR: dataDir, MSX_OBSERVE: '200ms', MSX_STOP_GRACE: '2s' },
    ...{ PATH: `${process.env.PATH}:${dataDir}`, HOME: dataDir },
    ...env,
  });
  return startRuntime(config, { log: silentLog });
}

const server = (name: string, draft: Partial<ServiceSpec> = {}): ServiceSpec =>
  aSpec(name, {
    run: { command: ['node', '-e'], cwd: '.' },
    args: [
      'require("http").createServer((_, a) => a.end(process.env.VERSION)).listen(Number(process.env.PORT), "127.0.0.1")',
    ],
    ...draft,
    env: { PORT: '${port.http}', VERSION: '1', ...draft.env },
  });

/** What the validator says; the graph knows the artifacts by then. */
async function approve(plan: Plan, generation: number, how: Partial<PublishOptions> = {}): Promise<void> {
  const sealed = sealArtifact('plan', plan);
  const resolution = sealArtifact('resolution', { ...aResolution(plan), plan: sealed.digest });
  const findings = sealArtifact('findings', { findings: [] });
  const approval = sealArtifact<Approval>('approval', {
    ...{ org, env: plan.env, engine: 'test', derivation: plan.derivation, plan: sealed.digest },
    ...{ resolution: resolution.digest, findings: findings.digest, uniqueKeys: [] },
  });
  for (const each of [sealed, resolution]) graph.artifacts.set(each.digest, each);
  graph.approved.set(plan.env, { plan: sealed.digest, resolution: resolution.digest });
  const activation = `${plan.env}@${generation}`;
  const event = { org, env: plan.env, generation, activation, submission: null };
  // The validator's own words; here the graph's connection carries them.
  await bus.publish(
    activationApproved,
    { ...event, bundle: bundleOf(sealed, resolution, findings, approval) },
    { inputId: activation, ...how },
  );
}

const finishedTimes = (env: string): number => graph.journal(env).filter(({ type }) => type === 'finished').length;
const instances = (env: string) => Object.fromEntries(graph.inventory(env).instances.map((one) => [one.service, one]));
const table = async (env: string): Promise<RouteTable | undefined> =>
  (await (await bus.bucket(buckets.routes)).get<RouteTable>(`${org}.${env}`))?.value;

async function finished(env: string, times: number) {
  await eventually(() => finishedTimes(env) >= times, { timeoutMs: 30_000, message: `${env} finished ${times} times` });
  return graph.journal(env).findLast((event) => event.type === 'finished');
}

function ask(port: number | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`http://127.0.0.1:${port}/`, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    }).once('error', reject);
  });
}

test('runtime: an approval becomes processes that answer and routes that lead to them', async () => {
  await approve(aPlan('shop', [server('web'), server('api')]), 1);
  expect(await finished('shop', 1)).toMatchObject({ outcome: 'ready' });
  const { web, api } = instances('shop');
  expect(await ask(web?.ports.http)).toBe('1');
  expect(await ask(api?.ports.http)).toBe('1');
  expect(await table('shop')).toMatchObject({
    epoch: 1,
    generation: 1,
    listeners: [{ service: 'api' }, { service: 'web' }],
    endpoints: [
      { service: 'api', targetPort: api?.ports.http, instance: api?.id },
      { service: 'web', targetPort: web?.ports.http, instance: web?.id },
    ],
  });
});

test('runtime: one changed env value replaces that one process, after routes have moved', async () => {
  const before = instances('shop');
  await approve(aPlan('shop', [server('web', { env: { VERSION: '2' } }), server('api')]), 2);
  expect(await finished('shop', 2)).toMatchObject({ outcome: 'ready' });
  const after = instances('shop');
  expect(after.api).toEqual(before.api);
  expect(after.web?.pid).not.toBe(before.web?.pid);
  expect(await ask(after.web?.ports.http)).toBe('2');
  expect(before.web && isSameProcess(before.web)).toBe(false);
  expect(drained).toEqual([before.web?.id]);
  expect(routed.at(-1)?.keep).toHaveLength(2);
  expect((await table('shop'))?.endpoints.map(({ instance }) => instance)).toEqual([after.api?.id, after.web?.id]);
});

test('runtime: a redelivered approval, an older one and a preview start nothing', async () => {
  const before = graph.journal('shop').length;
  await approve(aPlan('shop', [server('web', { env: { VERSION: '2' } }), server('api')]), 2, { drive: 1 });
  await approve(aPlan('shop', [server('web')]), 1, { drive: 1 });
  await approve(aPlan('shop', [server('web')]), 9, { purpose: 'preview' });
  await approve(aPlan('other', [server('solo')]), 1); // a later message: those before it were handled
  await finished('other', 1);
  expect(graph.journal('shop')).toHaveLength(before);
});

test('runtime: a claim whose answer was lost is its own, and is executed at once', async () => {
  loseReplyOf = 'unheard';
  await approve(aPlan('unheard', [server('web')]), 1);
  expect(await finished('unheard', 1)).toMatchObject({ outcome: 'ready' });
  expect(graph.journal('unheard').filter(({ type }) => type === 'taken over')).toHaveLength(1);
  expect(graph.epoch('unheard')).toBe(2);
});

test('runtime: a crashing program fails the activation with its words, and what served serves on', async () => {
  const before = instances('shop');
  const broken = server('web', { args: ['console.log("no database"); process.exit(4)'] });
  await approve(aPlan('shop', [broken, server('api')]), 3);
  expect(await finished('shop', 3)).toMatchObject({
    outcome: 'failed',
    reason: expect.stringContaining('"web" ended with exit code 4; it last said: no database'),
  });
  expect(instances('shop')).toEqual(before);
  expect(await ask(before.web?.ports.http)).toBe('2');
  expect((await table('shop'))?.generation).toBe(2);
});

test('runtime: what is missing is appended as lost, then said as drift', async () => {
  const { api } = instances('shop');
  if (api) process.kill(api.pid, 'SIGKILL');
  await eventually(() => graph.drifts.length > 0);
  expect(graph.drifts).toEqual([{ env: 'shop', services: ['api'], orderly: false }]);
  expect(graph.journal('shop').at(-1)).toMatchObject({ type: 'lost', service: 'api', orderly: false });
  expect(instances('shop').api).toBeUndefined();
});

test('runtime: a newer approval supersedes an execution that waits', async () => {
  const waiting = aPlan('shop', [server('web', { env: { VERSION: '3' } })]);
  const jobs = [
    {
      ...{ id: 'await:base/db', kind: 'await' as const, after: [], reason: 'provided there' },
      provider: { env: 'base', service: 'db', specDigest: 'sha256:0' as const },
    },
    ...waiting.jobs.map((job) => (job.id === 'scope' ? { ...job, after: ['await:base/db'] } : job)),
  ];
  await approve({ ...waiting, jobs }, 4);
  await eventually(() =>
    graph.journal('shop').some((event) => event.type === 'intended' && event.job === 'await:base/db'),
  );
  await approve(aPlan('shop', [server('web', { env: { VERSION: '4' } })]), 5);
  expect(await finished('shop', 4)).toMatchObject({ outcome: 'ready' });
  expect(await ask(instances('shop').web?.ports.http)).toBe('4');
});

test('runtime: an offered execution is taken over and finished', async () => {
  const plan = aPlan('orphan', [server('web')]);
  const sealed = sealArtifact('plan', plan);
  const resolution = sealArtifact('resolution', aResolution(plan));
  for (const each of [sealed, resolution]) graph.artifacts.set(each.digest, each);
  graph.approved.set('orphan', { plan: sealed.digest, resolution: resolution.digest });
  const owner = { ...ownerIdentity(), pid: 1, startTime: '0' };
  await graph.claim(org, { env: 'orphan', generation: 1, approval: 'sha256:0', owner });
  const about = { org, env: 'orphan', generation: 1, activation: 'orphan@1', submission: null };
  await bus.publish(
    executionOffered,
    { ...about, execution: 'orphan@1', epoch: 1, reason: 'silent' },
    { inputId: 'orphan@1/1' },
  );
  expect(await finished('orphan', 1)).toMatchObject({ outcome: 'ready' });
  expect(graph.epoch('orphan')).toBe(2);
  expect(instances('orphan').web).toMatchObject({ epoch: 2 });
});

test('runtime: a deleted environment leaves no process, no data, and of its table that its context is expired', async () => {
  const jobs = aPlan('orphan', [])
    .jobs.filter(({ kind }) => kind !== 'scope')
    .map((job) => ({ ...job, after: job.id === 'removals' ? ['routes'] : [] }));
  await approve(aPlan('orphan', [], { wanted: 'deleted', jobs }), 2);
  expect(await finished('orphan', 2)).toMatchObject({ outcome: 'ready' });
  expect(instances('orphan')).toEqual({});
  expect(await table('orphan')).toMatchObject({ expired: true, listeners: [], records: [], endpoints: [] });
});

test('runtime: an orderly end stops everything and says so; without it what lives is adopted', async () => {
  await runtime[Symbol.asyncDispose]();
  expect(graph.journal('shop').at(-1)).toMatchObject({ type: 'lost', orderly: true });
  expect(instances('shop')).toEqual({});
  expect(processesWith(dataDir)).toEqual([]);

  // The next start heals what serves, and that is no drift (protocol 24).
  graph.drifts.length = 0;
  runtime = await start();
  expect(graph.drifts).toContainEqual({ env: 'shop', services: ['web'], orderly: true });
  expect(graph.drifts.every(({ orderly }) => orderly)).toBe(true);
  await runtime[Symbol.asyncDispose]();

  runtime = await start({ MSX_END_INSTANCES: 'false' });
  await approve(aPlan('shop', [server('web')]), 6);
  await finished('shop', 5);
  const left = instances('shop').web;
  await runtime[Symbol.asyncDispose]();
  expect(left && isSameProcess(left)).toBe(true);

  runtime = await start();
  await approve(aPlan('shop', [server('web'), server('api')]), 7);
  await finished('shop', 6);
  expect(instances('shop').web).toEqual(left);
  expect((await readdir(join(dataDir, 'logs', 'shop'))).length).toBeGreaterThan(0);
});
