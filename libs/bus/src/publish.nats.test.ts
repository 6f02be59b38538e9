import { bundleOf, openArtifact } from '@microstax/contracts/bundle';
import { headerNames } from '@microstax/contracts/header-names';
import { outputMessageId } from '@microstax/contracts/message-id';
import { planDrafted } from '@microstax/contracts/plan-drafted';
import { blueprintSubject, spansSubject } from '@microstax/contracts/subjects';
import { inlineArtifactBytesMax, maxPayloadBytes, streams } from '@microstax/contracts/topology';
import { sealArtifact } from '@microstax/model/artifact';
import { silentLog } from '@microstax/service/log';
import { inSpan, startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { done, type Message } from './bus.ts';
import { connectBus } from './connect.ts';
import { spanPublisher } from './span-publisher.ts';
import { connectTestBus, openTestBus } from './testing/test-bus.ts';
import { addDurable, bodyOf, draft, drafted } from './testing/test-messages.ts';

let opened: Awaited<ReturnType<typeof openTestBus>>;
beforeAll(async () => {
  opened = await openTestBus();
});
afterAll(() => opened[Symbol.asyncDispose]());

test('an event is heard under its protocol id, in the trace of who said it', async () => {
  const { durable, org } = await addDurable(opened.graph);
  await using planner = await connectTestBus(opened.server, 'planner');
  await using resolver = await connectTestBus(opened.server, 'resolver');
  const heard: Message[] = [];
  await resolver.consume(durable, async (message) => {
    heard.push(message);
    return done;
  });

  const body = drafted(org, 'shop', 7);
  const receipt = await planner.publish(planDrafted, body, { inputId: 'in', drive: 2, purpose: 'preview' });

  const message = await eventually(() => heard[0]);
  const id = outputMessageId({ org, inputId: 'in', subject: planDrafted.subject(body), drive: 2 });
  expect(bodyOf(message)).toEqual(body);
  expect(message).toMatchObject({ id, purpose: 'preview', drive: 2, deliveries: 1, incarnation: 1 });
  expect(message.sequence).toBe(receipt.sequence);
  expect(message.header(headerNames.ceType)).toBe('dev.microstax.planner.plan-drafted.v1');
  expect(message.header(headerNames.ceId)).toBe(id);
  expect(message.header(headerNames.ceSource)).toBe('planner');
  expect(message.header('no-such-header')).toBeUndefined();

  const [send] = await planner.spans();
  const process = (await resolver.spans()).find(({ name }) => name.startsWith('process'));
  expect(send?.name).toBe('send msx.evt.planner.{org}.{env}.drafted');
  expect(process).toMatchObject({
    name: 'process msx.evt.planner.{org}.{env}.drafted',
    traceId: send?.traceId,
    parentSpanId: send?.spanId,
    links: 1,
    attributes: {
      'messaging.message.id': id,
      'messaging.consumer.group.name': durable.name,
      'nats.stream_sequence': receipt.sequence,
      'nats.delivery_count': 1,
      'msx.org': org,
      'msx.env': 'shop',
      'msx.outcome': 'done',
    },
  });
});

test('the same output of the same input is stored once; a raised drive is another message', async () => {
  const { graph } = opened;
  const body = drafted('twice', 'shop', 1);

  const first = await graph.publish(planDrafted, body, { inputId: 'a' });
  const again = await graph.publish(planDrafted, body, { inputId: 'a' });
  const redriven = await graph.publish(planDrafted, body, { inputId: 'a', drive: 1 });

  expect(again).toEqual({ ...first, duplicate: true });
  expect(redriven).toMatchObject({ duplicate: false, sequence: first.sequence + 1 });
});

test('a body that breaks its own contract is not said', async () => {
  const wrong = { ...drafted('default', 'wrong', 1), generation: -1 };
  await expect(opened.graph.publish(planDrafted, wrong, { inputId: 'a' })).rejects.toThrow(/breaks its own contract/);
  expect(await opened.graph.lastOn(streams.events.name, planDrafted.subject(wrong))).toBeUndefined();
});

test('an artifact over 128 KiB travels by the object store and is whole again at the other end', async () => {
  const { durable, org } = await addDurable(opened.graph);
  await using resolver = await connectTestBus(opened.server, 'resolver');
  const heard: Message[] = [];
  await resolver.consume(durable, async (message) => {
    heard.push(message);
    return done;
  });
  const large = sealArtifact('plan', { text: 'ü'.repeat(inlineArtifactBytesMax) });
  const small = sealArtifact('revision', { text: 'small' });

  await opened.graph.publish(
    planDrafted,
    { ...drafted(org, 'shop', 1), bundle: bundleOf(large, small) },
    { inputId: 'a' },
  );

  const message = await eventually(() => heard[0]);
  const { bundle } = bodyOf(message);
  expect(message.body.byteLength).toBeLessThan(1_000);
  expect(bundle).toEqual({ plan: { digest: large.digest }, revision: { digest: small.digest, bytes: small.bytes } });
  const whole = await resolver.openBundle(bundle);
  expect(openArtifact(whole, 'plan').value).toEqual(large.value);
  expect(openArtifact(whole, 'revision').value).toEqual(small.value);
});

test('an object of several chunks, stored twice at once, is read whole by any number of readers', async () => {
  await using resolver = await connectTestBus(opened.server, 'resolver');
  const { digest, bytes } = sealArtifact('plan', { text: 'ä'.repeat(1_500_000) });
  await Promise.all([opened.graph.putObject(digest, bytes), resolver.putObject(digest, bytes)]);

  const read = await Promise.all(Array.from({ length: 8 }, () => resolver.getObject(digest)));

  expect(read.every((one) => one === bytes)).toBe(true);
});

test('openBundle() rejects with "failed" where nobody stored the object', async () => {
  const { digest } = sealArtifact('plan', { text: 'never stored' });
  await expect(opened.graph.openBundle({ plan: { digest } })).rejects.toMatchObject({ code: 'failed', again: false });
  expect(await opened.graph.getObject(digest)).toBeUndefined();
});

test('a subject that no stream covers is refused with "no-stream", and trying again can help', async () => {
  const lost = opened.graph.publishRaw({ subject: 'elsewhere.a', body: new Uint8Array() });
  await expect(lost).rejects.toMatchObject({ name: 'BusError', code: 'no-stream', again: true });
});

test('a body over the payload limit is refused with both sizes before it is sent', async () => {
  const subject = blueprintSubject({ org: 'default', env: 'large' });
  const large = opened.graph.publishRaw({ subject, body: new Uint8Array(maxPayloadBytes + 1) });
  await expect(large).rejects.toThrow(/has 8388609 bytes, the server takes 8388608/);
  await expect(large).rejects.toMatchObject({ code: 'payload-too-large', again: false });
});

test('a row of the outbox is said in the trace that it stored', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await using graph = await connectTestBus(opened.server, 'graph');
  const subject = planDrafted.subject({ org: 'outbox', env: 'shop' });

  await graph.publishRaw({
    subject,
    body: new TextEncoder().encode('{}'),
    id: 'row',
    headers: { traceparent, a: 'b' },
  });

  const [send] = await graph.spans();
  expect(send).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
  const stored = await graph.lastOn(streams.events.name, subject);
  expect(stored?.headers).toEqual({
    'Nats-Msg-Id': 'row',
    a: 'b',
    traceparent: `00-0af7651916cd43dd8448eb211c80319c-${send?.spanId}-01`,
  });
});

test('read() gives what matches a filter, in order, from and up to a sequence', async () => {
  const { graph } = opened;
  const receipts = await draft(graph, 'reading', 'a', 4);
  await draft(graph, 'reading', 'b', 2);
  const [first, second, third] = receipts.map(({ sequence }) => sequence);
  const filter = planDrafted.subject({ org: 'reading', env: 'a' });

  const all = await graph.read(streams.events.name, { filter });
  const some = await graph.read(streams.events.name, {
    filter,
    ...(second === undefined || third === undefined ? {} : { fromSequence: second, upTo: third }),
  });
  const none = await graph.read(streams.events.name, { filter: planDrafted.subject({ org: 'reading', env: 'c' }) });

  expect(all.map((message) => bodyOf(message).generation)).toEqual([1, 2, 3, 4]);
  expect(some.map(({ sequence }) => sequence)).toEqual([second, third]);
  expect(none).toEqual([]);
  expect(bodyOf((await graph.at(streams.events.name, first ?? 0)) ?? { body: new Uint8Array() }).generation).toBe(1);
  expect(await graph.at(streams.events.name, 1_000_000)).toBeUndefined();
  expect(await graph.streamState('MSX_NONE')).toBeUndefined();
});

test('subscribe() sees what is published after it settled', async () => {
  await using live = await opened.graph.subscribe('msx.evt.*.live.shop.*');
  await draft(opened.graph, 'live', 'shop', 1);
  for await (const message of live) {
    expect(bodyOf(message).generation).toBe(1);
    expect(message.header(headerNames.ceSource)).toBe('graph');
    break;
  }
});

test('spans leave by the bus, also those of before it, and publishing them makes none', async () => {
  const spans = spanPublisher();
  const telemetry = startTelemetry({ service: 'child', publishSpans: spans.publish });
  const traceId = await inSpan(telemetry.tracer, 'work', {}, (span) => span.spanContext().traceId);
  await telemetry.flush(); // before there is a bus
  await using bus = await connectBus({ url: opened.server.url, service: 'child', log: silentLog, telemetry });
  spans.attach(bus);

  const stored = await eventually(() => opened.graph.lastOn(streams.spans.name, spansSubject(traceId)));
  expect(new TextDecoder().decode(stored.body)).toContain('"name":"work"');
  const before = (await opened.graph.streamState(streams.spans.name))?.lastSequence;
  await inSpan(telemetry.tracer, 'more', {}, () => {});
  await telemetry.flush();
  await eventually(
    async () => (await opened.graph.streamState(streams.spans.name))?.lastSequence === (before ?? 0) + 1,
  );
});
