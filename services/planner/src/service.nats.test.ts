import { bootstrap } from '@microstax/bus/bootstrap';
import type { Bus, Message, StoredMessage } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { bundleOf, openArtifact } from '@microstax/contracts/bundle';
import { type EnvironmentRevised, environmentRevised } from '@microstax/contracts/environment-revised';
import { headerNames } from '@microstax/contracts/header-names';
import { outputMessageId } from '@microstax/contracts/message-id';
import { type PlanDrafted, planDrafted } from '@microstax/contracts/plan-drafted';
import { type PlanRefused, planRefused } from '@microstax/contracts/plan-refused';
import { filters } from '@microstax/contracts/subjects';
import { buckets, incarnationKey, streams } from '@microstax/contracts/topology';
import { sealArtifact } from '@microstax/model/artifact';
import type { Plan } from '@microstax/model/plan';
import type { PolicyBundle } from '@microstax/model/policy';
import type { Revision } from '@microstax/model/revision';
import { silentLog } from '@microstax/service/log';
import { inSpan, startTelemetry } from '@microstax/service/telemetry';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { derived } from './core/testing/lineage.ts';
import { overlay, shop } from './core/testing/shop.ts';
import { startPlanner } from './service.ts';
import { onEnvironmentRevised } from './shell/on-environment-revised.ts';
import { policyWorkers } from './shell/policies/policy-workers.ts';

const running = new AsyncDisposableStack();
const policies = running.use(policyWorkers({ evaluateMs: 10_000 }));
const heard: Message[] = [];
let graph: Bus;

beforeAll(async () => {
  const { url } = running.use(await startTestNats());
  const telemetry = running.use(startTelemetry({ service: 'graph' }));
  graph = running.use(await connectBus({ url, service: 'graph', log: silentLog, telemetry }));
  await bootstrap(graph);
  await (await graph.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
  const gate = async (message: Message): Promise<void> => void heard.push(message);
  running.use(await startPlanner({ natsUrl: url, logLevel: 'silent' }, { log: silentLog, gate }));
});

afterAll(() => running.disposeAsync());

const address = (env: string) => ({ org: 'default', env });

/** What the graph says after a commit. */
function revised(lineage: readonly Revision[], bundle: PolicyBundle = []): EnvironmentRevised {
  const [own] = lineage as readonly [Revision, ...Revision[]];
  const { derivation, facts, difference, composition } = derived(lineage);
  const others = [sealArtifact('revision', own), sealArtifact('policy', bundle)];
  return {
    ...address(own.env),
    generation: 3,
    activation: `${own.env}@3`,
    submission: 'sub-1',
    actor: { name: 'local', proof: 'loopback' },
    cause: { kind: 'submission', submission: 'sub-1' },
    bundle: bundleOf(...others, derivation, facts, difference, composition),
  };
}

/** Says it as the graph does, and settles with the trace that it belongs to. */
async function say(event: EnvironmentRevised, purpose: 'activate' | 'preview' = 'activate'): Promise<string> {
  return inSpan(graph.telemetry.tracer, 'commit', {}, async (span) => {
    await graph.publish(environmentRevised, event, { inputId: `${event.env}-${purpose}`, purpose, drive: 2 });
    return span.spanContext().traceId;
  });
}

async function said(subject: string, count = 1): Promise<readonly StoredMessage[]> {
  return eventually(async () => {
    const messages = await graph.read(streams.events.name, { filter: subject });
    return messages.length >= count && messages;
  });
}

function bodyOf<T>(message: StoredMessage | undefined): T {
  return JSON.parse(new TextDecoder().decode(message?.body)) as T;
}

describe('the planner on a bus', () => {
  test('says a plan with everything that later stages read, under the id of its input and in its trace', async () => {
    const event = revised([overlay('feat', { payments: { args: ['-v'] } }), shop]);
    const trace = await say(event);
    const [message] = await said(planDrafted.subject(event));
    const body = bodyOf<PlanDrafted>(message);

    expect(body).toMatchObject({ env: 'feat', generation: 3, activation: 'feat@3', submission: 'sub-1' });
    expect(Object.keys(body.bundle).sort()).toEqual([
      'composition',
      'derivation',
      'difference',
      'facts',
      'plan',
      'revision',
    ]);
    const plan = openArtifact<Plan>(await graph.openBundle(body.bundle), 'plan').value;
    expect(plan.derivation).toBe(event.bundle.derivation?.digest);
    const local = plan.placements.filter(({ kind }) => kind === 'local').map(({ service }) => service);
    expect(local).toEqual(['payments']);
    const input = heard.find(({ subject }) => subject === environmentRevised.subject(event));
    const subject = planDrafted.subject(event);
    const id = outputMessageId({ org: 'default', inputId: input?.id ?? '', subject, drive: 2 });
    expect(message?.header(headerNames.messageId)).toBe(id);
    expect(message?.header(headerNames.traceparent)?.split('-')[1]).toBe(trace);
  });

  test('says once what it hears twice', async () => {
    const event = revised([overlay('twice', { payments: { args: ['-v'] } }), shop]);
    await say(event);
    const subject = planDrafted.subject(event);
    await said(subject);
    const input = heard.find((message) => message.subject === environmentRevised.subject(event));
    await onEnvironmentRevised(input as Message, { bus: graph, log: silentLog, policies });

    expect(await graph.read(streams.events.name, { filter: subject })).toHaveLength(1);
  });

  test('says which requirements contradict each other', async () => {
    const event = revised([aRevision('broken', { services: [aService('web', { run: null })] })]);
    await say(event);
    const [message] = await said(planRefused.subject(event));
    const { findings } = bodyOf<PlanRefused>(message);

    expect(findings.map(({ code, subject }) => [code, subject])).toEqual([['contradiction', 'web']]);
  });

  test('does what policies say, and refuses where one of them cannot be evaluated', async () => {
    const rule = {
      name: 'own-cart',
      effect: 'require',
      when: 'service.name == "cart"',
      message: 'cart is ours',
    } as const;
    const event = revised([overlay('ruled', { payments: { args: ['-v'] } }), shop], [rule]);
    await say(event);
    const [message] = await said(planDrafted.subject(event));
    const { placements } = openArtifact<Plan>(
      await graph.openBundle(bodyOf<PlanDrafted>(message).bundle),
      'plan',
    ).value;
    expect(placements.find(({ service }) => service === 'cart')).toMatchObject({
      kind: 'local',
      reasons: [{ code: 'policy-requires', text: 'policy "own-cart" requires cart to run here: cart is ours' }],
    });

    const broken = revised([overlay('torn', { payments: { args: ['-v'] } }), shop], [{ ...rule, when: 'service.nam' }]);
    await say(broken);
    const [refusal] = await said(planRefused.subject(broken));
    expect(bodyOf<PlanRefused>(refusal).findings).toMatchObject([{ code: 'policy-failed', subject: 'own-cart' }]);
  });

  test('passes on that it is a preview', async () => {
    const event = revised([overlay('look', { payments: { args: ['-v'] } }), shop]);
    await say(event, 'preview');
    const [message] = await said(planDrafted.subject(event));

    expect(message?.header(headerNames.purpose)).toBe('preview');
  });

  test('plans what does not fit into an event', async () => {
    const services = Array.from({ length: 800 }, (_, at) =>
      aService(`s${at}`, { expose: at === 0, env: { A: 'a'.repeat(200) } }),
    );
    const event = revised([overlay('large', { s7: { args: ['-v'] } }), aRevision('shop', { services })]);
    await say(event);
    const [message] = await said(planDrafted.subject(event));
    const { bundle } = bodyOf<PlanDrafted>(message);

    expect(bundle.composition).toEqual({ digest: event.bundle.composition?.digest });
    const plan = openArtifact<Plan>(await graph.openBundle(bundle), 'plan').value;
    expect(plan.placements).toHaveLength(800);
  });

  test('gives up at once what nobody can read, with the reason', async () => {
    const subject = environmentRevised.subject(address('garbage'));
    await graph.publishRaw({ subject, body: new TextEncoder().encode('{"org":"default"}'), id: 'garbage' });
    const [letter] = await eventually(async () => {
      const letters = await graph.read(streams.deadLetters.name, { filter: filters.deadLetters });
      return letters.length > 0 && letters;
    });

    expect(letter?.header(headerNames.deadReason)).toMatch(/^Cannot read "environment revised"/);
    expect(letter?.header(headerNames.deadSubject)).toBe(subject);
  });
});
