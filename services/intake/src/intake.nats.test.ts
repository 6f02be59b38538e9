import { bootstrap } from '@microstax/bus/bootstrap';
import { type Bus, endpoint } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { openIncarnation } from '@microstax/bus/incarnation';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { type BlueprintAccepted, blueprintAccepted } from '@microstax/contracts/blueprint-accepted';
import { type BlueprintRejected, blueprintRejected } from '@microstax/contracts/blueprint-rejected';
import { openArtifact } from '@microstax/contracts/bundle';
import {
  answerOf,
  type IdentifyReply,
  type IdentifyRequest,
  identify,
  incarnationOf,
} from '@microstax/contracts/graph-requests';
import { headerNames } from '@microstax/contracts/header-names';
import { blueprintSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import type { Revision } from '@microstax/model/revision';
import { silentLog } from '@microstax/service/log';
import type { RunningNatsServer } from '@microstax/service/nats-server';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readIntakeConfig } from './config.ts';
import { emptyGraph, viewOf } from './core/testing/decide-text.ts';
import { startIntake } from './service.ts';

// A real nats-server, intake as it is, and a graph that answers what the test says.

/** Stands in for the graph: what it knows of parents, and its answers by submission. */
class FakeGraph {
  readonly asked: IdentifyRequest[] = [];
  readonly parents = new Map<string, IdentifyReply['parent']>();
  readonly answers = new Map<string, SubmissionAnswer>();

  serve(bus: Bus): Promise<AsyncDisposable> {
    return bus.serve([
      endpoint(identify, async (request) => {
        this.asked.push(request);
        return { ...emptyGraph, parent: this.parents.get(request.parent ?? '') ?? null };
      }),
      endpoint(answerOf, async ({ submission }) => ({ answer: this.answers.get(submission) ?? null })),
      endpoint(incarnationOf, async () => ({ incarnation: 1 })),
    ]);
  }
}

const parentWaitMs = 1_500;
let server: RunningNatsServer;
let bus: Bus;
let graph: FakeGraph;
let served: AsyncDisposable;
let intake: AsyncDisposable;
let tests = 0;
let org = '';

beforeAll(async () => {
  server = await startTestNats();
  const telemetry = startTelemetry({ service: 'graph' });
  bus = await connectBus({ url: server.url, service: 'graph', log: silentLog, telemetry });
  await bootstrap(bus);
  await openIncarnation(bus, 1, 'test');
  intake = await startIntake({ ...readIntakeConfig({}), natsUrl: server.url, parentWaitMs }, { log: silentLog });
});

afterAll(async () => {
  await intake[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  await server.stop();
});

beforeEach(async () => {
  org = `org-${++tests}`; // an organisation for each test, so that none sees another's events
  graph = new FakeGraph();
  served = await graph.serve(bus);
});

afterEach(async () => {
  await served[Symbol.asyncDispose]();
});

const encoder = new TextEncoder();
type Submit = { readonly id?: string; readonly actor?: string; readonly headers?: Record<string, string> };

async function submit(env: string, body: string | Uint8Array, how: Submit = {}): Promise<number> {
  const { id, actor, headers } = how;
  const subject = blueprintSubject({ org, env, ...(actor === undefined ? {} : { actor }) });
  const { sequence } = await bus.publishRaw({
    subject,
    body: typeof body === 'string' ? encoder.encode(body) : body,
    ...(id === undefined ? {} : { id }),
    ...(headers === undefined ? {} : { headers }),
  });
  return sequence;
}

type Said<T> = { readonly body: T; readonly purpose: string | undefined };

async function saidOn<T>(subject: string): Promise<readonly Said<T>[]> {
  const messages = await bus.read(streams.events.name, { filter: subject });
  return messages.map((message) => ({
    body: JSON.parse(new TextDecoder().decode(message.body)) as T,
    purpose: message.header(headerNames.purpose),
  }));
}

const accepted = (env: string) => saidOn<BlueprintAccepted>(blueprintAccepted.subject({ org, env }));
const rejected = (env: string) => saidOn<BlueprintRejected>(blueprintRejected.subject({ org, env }));
const first = <T>(look: () => Promise<readonly T[]>): Promise<T> =>
  eventually(async () => (await look())[0], { timeoutMs: 15_000 });

const shop = 'name: shop\nrouting: { mode: baseline }\nservices: { web: { run: { command: node } } }\n';
const feat =
  'name: feat\nrouting: { mode: overlay, baselineId: shop }\nservices: { web: { run: { command: node } } }\n';

describe('a raw Blueprint', () => {
  test('is accepted with its revision, order and actor; its id is its place on the stream', async () => {
    const sequence = await submit('shop', shop);
    const { body } = await first(() => accepted('shop'));
    expect(body).toMatchObject({
      org,
      env: 'shop',
      submission: `MSX_SUBMISSIONS:1:${sequence}`,
      order: { incarnation: 1, sequence },
      actor: { name: 'local', proof: 'loopback' },
      source: 'blueprint',
    });
    expect(openArtifact<Revision>(body.bundle, 'revision').value).toMatchObject({ org, env: 'shop', mode: 'baseline' });
    expect(body).not.toHaveProperty('findings');
  });

  test('keeps the id, actor and purpose that it came with', async () => {
    await submit('shop', shop, { id: `mine-${org}`, actor: 'ada', headers: { [headerNames.purpose]: 'preview' } });
    const { body, purpose } = await first(() => accepted('shop'));
    expect(body).toMatchObject({ submission: `mine-${org}`, actor: { name: 'ada', proof: 'subject' } });
    expect(purpose).toBe('preview');
  });

  test('is rejected with all findings, and the graph is not asked about a text that nobody can read', async () => {
    await submit('shop', 'name: shop\nservices: [\n');
    const { body } = await first(() => rejected('shop'));
    expect(body.findings[0]).toMatchObject({ code: 'syntax', position: { line: 3 } });
    expect(graph.asked).toEqual([]);
  });

  test('is rejected where it is no text', async () => {
    await submit('shop', new Uint8Array([0x61, 0xff]));
    const { body } = await first(() => rejected('shop'));
    expect(body.findings).toMatchObject([{ code: 'not-utf-8', position: { line: 1, column: 2 } }]);
  });

  test('with a warning is accepted and carries it', async () => {
    await submit(
      'shop',
      shop
        .replace('node }', `node }, args: ["\${host.api}"]`)
        .replace('services: {', 'services: { api: { run: { command: x } },'),
    );
    const { body } = await first(() => accepted('shop'));
    expect(body.findings).toMatchObject([{ severity: 'warning', code: 'undeclared-dependency' }]);
  });
});

describe('an overlay', () => {
  test('is accepted under a parent that the graph knows', async () => {
    graph.parents.set('shop', viewOf('shop', ['web']));
    await submit('feat', feat);
    const { body } = await first(() => accepted('feat'));
    expect(openArtifact<Revision>(body.bundle, 'revision').value.parent).toEqual({ env: 'shop', link: 'tracking' });
  });

  test('whose parent nobody has submitted is rejected at once (protocol 4)', async () => {
    const began = performance.now();
    await submit('feat', feat);
    const { body } = await first(() => rejected('feat'));
    expect(performance.now() - began).toBeLessThan(parentWaitMs);
    expect(body.findings).toMatchObject([{ code: 'unknown-parent', position: { line: 2, column: 39 } }]);
  });

  test('whose parent was only previewed is rejected at once', async () => {
    await submit('shop', shop, { headers: { [headerNames.purpose]: 'preview' } });
    await submit('feat', feat);
    expect((await first(() => rejected('feat'))).body.findings).toMatchObject([{ code: 'unknown-parent' }]);
  });

  test('whose parent was submitted after it is rejected at once: only lower order counts', async () => {
    const sequence = await submit('feat', feat);
    expect(await submit('shop', shop)).toBeGreaterThan(sequence);
    expect((await first(() => rejected('feat'))).body.findings).toMatchObject([{ code: 'unknown-parent' }]);
  });

  test('published right after its parent waits for it, and is accepted when the graph knows it', async () => {
    await submit('shop', shop, { actor: 'ada' });
    await submit('feat', feat);
    await eventually(() => graph.asked.filter(({ env }) => env === 'feat').length >= 3);
    expect(await rejected('feat')).toEqual([]);
    graph.parents.set('shop', viewOf('shop', ['web']));
    expect((await first(() => accepted('feat'))).body.env).toBe('feat');
  });

  test('whose parent was rejected is rejected, and says by which submission', async () => {
    await submit('shop', shop, { id: `shop-${org}` });
    graph.answers.set(`shop-${org}`, { kind: 'rejected', findings: [] });
    await submit('feat', feat);
    const { body } = await first(() => rejected('feat'));
    expect(body.findings).toMatchObject([{ code: 'parent-rejected' }]);
    expect(body.findings[0]?.reason).toContain(`shop-${org}`);
  });

  test('whose parent stays undecided is rejected after parentWaitMs, naming it', async () => {
    const sequence = await submit('shop', shop);
    await submit('feat', feat);
    const { body } = await first(() => rejected('feat'));
    expect(body.findings).toMatchObject([{ code: 'parent-undecided' }]);
    expect(body.findings[0]?.reason).toContain(`MSX_SUBMISSIONS:1:${sequence}`);
  });
});

test('while the graph is away nothing is said, and afterwards everything is', async () => {
  await served[Symbol.asyncDispose]();
  await submit('shop', shop);
  await submit('feat', feat);
  graph.parents.set('shop', viewOf('shop', ['web']));
  served = await graph.serve(bus);
  expect((await first(() => accepted('shop'))).body.env).toBe('shop');
  expect((await first(() => accepted('feat'))).body.env).toBe('feat');
  expect([...(await rejected('shop')), ...(await rejected('feat'))]).toEqual([]);
});
