import { bootstrap } from '@microstax/bus/bootstrap';
import type { Bus, Message, StoredMessage } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { type ActivationApproved, activationApproved } from '@microstax/contracts/activation-approved';
import { type ActivationDenied, activationDenied } from '@microstax/contracts/activation-denied';
import { bundleOf, openArtifact } from '@microstax/contracts/bundle';
import { headerNames } from '@microstax/contracts/header-names';
import { outputMessageId } from '@microstax/contracts/message-id';
import { type ResolutionRecorded, resolutionRecorded } from '@microstax/contracts/resolution-recorded';
import { buckets, incarnationKey, streams } from '@microstax/contracts/topology';
import type { Approval, FindingsReport } from '@microstax/model/approval';
import { silentLog } from '@microstax/service/log';
import { inSpan, startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SceneDraft, scene } from './core/testing/scene.ts';
import { startValidator } from './service.ts';
import { onResolutionRecorded } from './shell/on-resolution-recorded.ts';

const running = new AsyncDisposableStack();
const heard: Message[] = [];
let resolver: Bus;

beforeAll(async () => {
  const { url } = running.use(await startTestNats());
  const telemetry = running.use(startTelemetry({ service: 'resolver' }));
  resolver = running.use(await connectBus({ url, service: 'resolver', log: silentLog, telemetry }));
  await bootstrap(resolver);
  await (await resolver.bucket(buckets.bus)).put(incarnationKey, { incarnation: 1, openedAt: 0 });
  const gate = async (message: Message): Promise<void> => void heard.push(message);
  running.use(await startValidator({ natsUrl: url, logLevel: 'silent' }, { log: silentLog, gate }));
});

afterAll(() => running.disposeAsync());

/** What the resolver says of an environment. */
function recorded(env: string, draft: SceneDraft = {}): ResolutionRecorded {
  const bundle = bundleOf(...Object.values(scene(draft)));
  return { org: 'default', env, generation: 3, activation: `${env}@3`, submission: null, bundle };
}

/** Says it as the resolver does, and settles with the trace that it belongs to. */
async function say(event: ResolutionRecorded, purpose: 'activate' | 'preview' = 'activate'): Promise<string> {
  return inSpan(resolver.telemetry.tracer, 'resolve', {}, async (span) => {
    await resolver.publish(resolutionRecorded, event, { inputId: `${event.env}-${purpose}`, purpose, drive: 2 });
    return span.spanContext().traceId;
  });
}

async function said(subject: string): Promise<readonly StoredMessage[]> {
  return eventually(async () => {
    const messages = await resolver.read(streams.events.name, { filter: subject });
    return messages.length > 0 && messages;
  });
}

function bodyOf<T>(message: StoredMessage | undefined): T {
  return JSON.parse(new TextDecoder().decode(message?.body)) as T;
}

describe('the validator on a bus', () => {
  test('approves with everything that the runtime reads, under the id of its input and in its trace', async () => {
    const event = recorded('feat');
    const trace = await say(event);
    const subject = activationApproved.subject(event);
    const [message] = await said(subject);
    const body = bodyOf<ActivationApproved>(message);

    expect(body).toMatchObject({ env: 'feat', generation: 3, activation: 'feat@3', submission: null });
    expect(Object.keys(body.bundle).sort()).toEqual(['approval', 'derivation', 'findings', 'plan', 'resolution']);
    const approval = openArtifact<Approval>(body.bundle, 'approval').value;
    expect(approval).toMatchObject({
      plan: event.bundle.plan?.digest,
      resolution: event.bundle.resolution?.digest,
      findings: body.bundle.findings?.digest,
    });
    const input = heard.find((one) => one.subject === resolutionRecorded.subject(event));
    const id = outputMessageId({ org: 'default', inputId: input?.id ?? '', subject, drive: 2 });
    expect(message?.header(headerNames.messageId)).toBe(id);
    expect(message?.header(headerNames.traceparent)?.split('-')[1]).toBe(trace);
  });

  test('denies with the findings', async () => {
    const event = recorded('poor', { budgetMicros: 1 });
    await say(event);
    const [message] = await said(activationDenied.subject(event));
    const { findings, bundle } = bodyOf<ActivationDenied>(message);

    expect(findings.map(({ code }) => code)).toEqual(['over-budget']);
    expect(Object.keys(bundle)).toEqual(['findings']);
    expect(openArtifact<FindingsReport>(bundle, 'findings').value.findings).toEqual(findings);
    expect(await resolver.read(streams.events.name, { filter: activationApproved.subject(event) })).toEqual([]);
  });

  test('says once what it hears twice', async () => {
    const event = recorded('twice');
    await say(event);
    const subject = activationApproved.subject(event);
    await said(subject);
    const input = heard.find((message) => message.subject === resolutionRecorded.subject(event));
    await onResolutionRecorded(input as Message, { bus: resolver, log: silentLog });

    expect(await resolver.read(streams.events.name, { filter: subject })).toHaveLength(1);
  });

  test('passes on that it is a preview', async () => {
    const event = recorded('look');
    await say(event, 'preview');
    const [message] = await said(activationApproved.subject(event));

    expect(message?.header(headerNames.purpose)).toBe('preview');
  });
});
