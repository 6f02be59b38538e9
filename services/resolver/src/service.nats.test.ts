import { bootstrap } from '@microstax/bus/bootstrap';
import type { Bus, Message, StoredMessage } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { bundleOf, openArtifact } from '@microstax/contracts/bundle';
import { headerNames } from '@microstax/contracts/header-names';
import { outputMessageId } from '@microstax/contracts/message-id';
import { type PlanDrafted, planDrafted } from '@microstax/contracts/plan-drafted';
import { type ResolutionRecorded, resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import { type ResolveRequest, resolveRoute } from '@microstax/contracts/resolver-requests';
import { buckets, incarnationKey, streams } from '@microstax/contracts/topology';
import { sealArtifact } from '@microstax/model/artifact';
import type { Resolution } from '@microstax/model/resolution';
import { silentLog } from '@microstax/service/log';
import { inSpan, startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scene } from './core/testing/scene.ts';
import { startResolver } from './service.ts';
import { onPlanDrafted } from './shell/on-plan-drafted.ts';

const running = new AsyncDisposableStack();
const heard: Message[] = [];
let planner: Bus;

beforeAll(async () => {
  const { url } = running.use(await startTestNats());
  const telemetry = running.use(startTelemetry({ service: 'planner' }));
  planner = running.use(await connectBus({ url, service: 'planner', log: silentLog, telemetry }));
  await bootstrap(planner);
  await (await planner.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
  const gate = async (message: Message): Promise<void> => void heard.push(message);
  running.use(await startResolver({ natsUrl: url, logLevel: 'silent' }, { log: silentLog, gate }));
});

afterAll(() => running.disposeAsync());

/** What the planner says of an environment: `pay` runs here, `web` is inherited from the root. */
function drafted(env: string): PlanDrafted {
  const { revision, composition, plan } = scene({
    pay: { kind: 'local' },
    web: { kind: 'inherited', candidates: [{ env: 'shop', tier: 'baseline' }] },
  });
  const others = [sealArtifact('derivation', {}), sealArtifact('facts', {}), sealArtifact('difference', {})];
  return {
    org: 'default',
    env,
    generation: 3,
    activation: `${env}@3`,
    submission: null,
    bundle: bundleOf(revision, composition, plan, ...others),
  };
}

/** Says it as the planner does, and settles with the trace that it belongs to. */
async function say(event: PlanDrafted, purpose: 'activate' | 'preview' = 'activate'): Promise<string> {
  return inSpan(planner.telemetry.tracer, 'plan', {}, async (span) => {
    await planner.publish(planDrafted, event, { inputId: `${event.env}-${purpose}`, purpose, drive: 2 });
    return span.spanContext().traceId;
  });
}

async function said(subject: string): Promise<readonly StoredMessage[]> {
  return eventually(async () => {
    const messages = await planner.read(streams.events.name, { filter: subject });
    return messages.length > 0 && messages;
  });
}

describe('the resolver on a bus', () => {
  test('says a resolution with everything that the validator reads, under the id of its input and in its trace', async () => {
    const event = drafted('feat');
    const trace = await say(event);
    const subject = resolutionRecorded.subject(event);
    const [message] = await said(subject);
    const body = JSON.parse(new TextDecoder().decode(message?.body)) as ResolutionRecorded;

    expect(body).toMatchObject({ env: 'feat', generation: 3, activation: 'feat@3', submission: null });
    expect(Object.keys(body.bundle).sort()).toEqual([
      'derivation',
      'difference',
      'facts',
      'plan',
      'resolution',
      'revision',
    ]);
    const resolution = openArtifact<Resolution>(body.bundle, 'resolution').value;
    expect(resolution.plan).toBe(event.bundle.plan?.digest);
    expect(resolution.records.map(({ service, tier }) => [service, tier])).toEqual([
      ['pay', 'local overlay'],
      ['web', 'baseline'],
    ]);
    const input = heard.find((one) => one.subject === planDrafted.subject(event));
    const id = outputMessageId({ org: 'default', inputId: input?.id ?? '', subject, drive: 2 });
    expect(message?.header(headerNames.messageId)).toBe(id);
    expect(message?.header(headerNames.traceparent)?.split('-')[1]).toBe(trace);
  });

  test('says once what it hears twice', async () => {
    const event = drafted('twice');
    await say(event);
    const subject = resolutionRecorded.subject(event);
    await said(subject);
    const input = heard.find((message) => message.subject === planDrafted.subject(event));
    await onPlanDrafted(input as Message, { bus: planner, log: silentLog });

    expect(await planner.read(streams.events.name, { filter: subject })).toHaveLength(1);
  });

  test('passes on that it is a preview', async () => {
    const event = drafted('look');
    await say(event, 'preview');
    const [message] = await said(resolutionRecorded.subject(event));

    expect(message?.header(headerNames.purpose)).toBe('preview');
  });

  test('answers where requests go from the tables of the bus, as they are now', async () => {
    const routes = await planner.bucket(buckets.routes);
    const records = [{ service: 'pay', tier: 'local overlay', target: { env: 'shop', service: 'pay' }, ports: [] }];
    const context = { value: 'shop', headerName: 'x-msx-env', unknown: 'deny', root: 'shop', parent: null };
    const table = {
      org: 'default',
      env: 'shop',
      epoch: 1,
      generation: 1,
      context,
      listeners: [],
      records,
      endpoints: [],
    };
    await routes.put('default.shop', table);
    const ask = (question: ResolveRequest) => planner.request(resolveRoute, 'default', question);

    await eventually(async () => (await ask({ env: 'shop', service: 'pay' })).kind === 'target');
    expect(await ask({ context: 'shop', service: 'pay' })).toEqual({
      kind: 'target',
      for: 'shop',
      target: { env: 'shop', service: 'pay' },
      tier: 'local overlay',
      decided: { env: 'shop', generation: 1 },
    });
    expect(await ask({ env: 'shop', context: 'feat', service: 'pay' })).toMatchObject({
      status: 404,
      code: 'unknown-context',
    });
    await expect(ask({ service: 'pay' })).rejects.toThrow('Cannot resolve: expected');

    await routes.put('default.shop', { ...table, generation: 2, records: [] });
    await eventually(async () => (await ask({ env: 'shop', service: 'pay' })).kind === 'denied');
    await routes.delete('default.shop');
    await eventually(async () => {
      const found = await ask({ env: 'shop', service: 'pay' });
      return found.kind === 'denied' && found.code === 'no-table';
    });
  });
});
