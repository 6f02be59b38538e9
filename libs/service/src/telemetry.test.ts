import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import {
  contextFromHeaders,
  currentTraceparent,
  deterministicTraceparent,
  headersFromContext,
  inSpan,
  startTelemetry,
  traceContextOf,
} from './telemetry.ts';

type OtlpSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  status: { code?: number };
  events: { name: string }[];
};
type Otlp = {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
};
type Published = { traceId: string; service: string | undefined; spans: OtlpSpan[] };

function collecting(): { published: Published[]; publishSpans: (traceId: string, bytes: Uint8Array) => void } {
  const published: Published[] = [];
  const publishSpans = (traceId: string, bytes: Uint8Array): void => {
    const otlp = JSON.parse(new TextDecoder().decode(bytes)) as Otlp;
    for (const { resource, scopeSpans } of otlp.resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
      published.push({ traceId, service, spans: scopeSpans.flatMap(({ spans }) => spans) });
    }
  };
  return { published, publishSpans };
}

describe('startTelemetry()', () => {
  test('publishes a span that has ended, under its own trace id', async () => {
    const { published, publishSpans } = collecting();
    await using telemetry = startTelemetry({ service: 'planner', publishSpans });
    const traceId = await inSpan(
      telemetry.tracer,
      'plan',
      { kind: SpanKind.CONSUMER },
      (span) => span.spanContext().traceId,
    );
    await telemetry.flush();
    expect(published).toHaveLength(1);
    expect(published[0]).toMatchObject({ traceId, service: 'planner', spans: [{ name: 'plan', traceId, kind: 5 }] });
  });

  test('keeps two services of one process and of one trace apart', async () => {
    const { published, publishSpans } = collecting();
    await using graph = startTelemetry({ service: 'graph', publishSpans });
    await using planner = startTelemetry({ service: 'planner', publishSpans });
    await inSpan(graph.tracer, 'commit', {}, () => inSpan(planner.tracer, 'plan', {}, () => undefined));
    await graph.flush();
    await planner.flush();
    const commit = published.find(({ service }) => service === 'graph')?.spans[0];
    const plan = published.find(({ service }) => service === 'planner')?.spans[0];
    expect(commit?.name).toBe('commit');
    expect(plan).toMatchObject({ name: 'plan', traceId: commit?.traceId, parentSpanId: commit?.spanId });
  });

  test('groups a batch by trace', async () => {
    const { published, publishSpans } = collecting();
    await using telemetry = startTelemetry({ service: 'planner', publishSpans });
    await inSpan(telemetry.tracer, 'one', {}, () => inSpan(telemetry.tracer, 'one.one', {}, () => undefined));
    await inSpan(telemetry.tracer, 'two', {}, () => undefined);
    await telemetry.flush();
    expect(published.map(({ spans }) => spans.map(({ name }) => name).toSorted())).toEqual([
      ['one', 'one.one'],
      ['two'],
    ]);
  });

  test('does not trace what the exporter itself does', async () => {
    const names: string[] = [];
    await using other = startTelemetry({
      service: 'other',
      publishSpans: (_, bytes) => void names.push(new TextDecoder().decode(bytes)),
    });
    await using telemetry = startTelemetry({
      service: 'planner',
      publishSpans: async () => {
        names.push('published');
        await inSpan(other.tracer, 'send spans', {}, () => undefined);
      },
    });
    await inSpan(telemetry.tracer, 'plan', {}, () => undefined);
    await telemetry.flush();
    await other.flush();
    expect(names).toEqual(['published']);
  });

  test('flush() also waits for a batch that the timer has already handed over', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using telemetry = startTelemetry({
      service: 'planner',
      publishSpans: async () => {
        begin();
        await released;
      },
    });
    await inSpan(telemetry.tracer, 'plan', {}, () => undefined);
    await begun; // by the timer, nobody has flushed yet
    let flushed = false;
    const flushing = telemetry.flush().then(() => {
      flushed = true;
    });
    await new Promise(setImmediate);
    expect(flushed).toBe(false);
    release();
    await flushing;
  });

  test('outlives an export that fails', async () => {
    const { published, publishSpans } = collecting();
    let down = true;
    await using telemetry = startTelemetry({
      service: 'planner',
      publishSpans: (traceId, bytes) => {
        if (down) throw new Error('the bus is away');
        publishSpans(traceId, bytes);
      },
    });
    await inSpan(telemetry.tracer, 'lost', {}, () => undefined);
    await telemetry.flush();
    down = false;
    await inSpan(telemetry.tracer, 'kept', {}, () => undefined);
    await telemetry.flush();
    expect(published.flatMap(({ spans }) => spans.map(({ name }) => name))).toEqual(['kept']);
  });

  test('sends to an OTLP collector as well', async () => {
    const paths: string[] = [];
    const collector = createServer((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    const telemetry = startTelemetry({ service: 'planner', otlpEndpoint: `http://127.0.0.1:${port}` });
    await inSpan(telemetry.tracer, 'plan', {}, () => undefined);
    await telemetry[Symbol.asyncDispose]();
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    expect(paths).toEqual(['POST /v1/traces']);
  });
});

describe('inSpan()', () => {
  test('records what the work throws, ends the span and throws on', async () => {
    const { published, publishSpans } = collecting();
    await using telemetry = startTelemetry({ service: 'planner', publishSpans });
    const failing = inSpan(telemetry.tracer, 'plan', {}, () => {
      throw new Error('no provider');
    });
    await expect(failing).rejects.toThrow('no provider');
    await telemetry.flush();
    expect(published[0]?.spans[0]).toMatchObject({
      status: { code: 2, message: 'no provider' },
      events: [{ name: 'exception' }],
    });
  });

  test('continues the given parent', async () => {
    const { published, publishSpans } = collecting();
    await using telemetry = startTelemetry({ service: 'planner', publishSpans });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await inSpan(telemetry.tracer, 'plan', { parent: traceContextOf(traceparent) }, () => undefined);
    await telemetry.flush();
    expect(published[0]?.spans[0]).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16) });
  });
});

describe('trace headers', () => {
  test('headersFromContext() passes the environment on and nothing else of the baggage', () => {
    const baggage = propagation.createBaggage({ 'msx-env': { value: 'feature-x' }, session: { value: 'secret' } });
    expect(headersFromContext(propagation.setBaggage(ROOT_CONTEXT, baggage))).toEqual({ baggage: 'msx-env=feature-x' });
  });

  test('contextFromHeaders() takes the environment over and nothing else of the baggage', () => {
    const found = contextFromHeaders((key) => (key === 'baggage' ? 'session=secret,msx-env=feature-x' : ''));
    expect(
      propagation
        .getBaggage(found)
        ?.getAllEntries()
        .map(([key]) => key),
    ).toEqual(['msx-env']);
  });

  test('contextFromHeaders() reads empty headers as none', () => {
    expect(trace.getSpanContext(contextFromHeaders(() => ''))).toBeUndefined();
  });

  test('currentTraceparent() names the active span, and nothing outside of one', async () => {
    await using telemetry = startTelemetry({ service: 'planner' });
    expect(currentTraceparent()).toBeUndefined();
    await inSpan(telemetry.tracer, 'plan', {}, async (span) => {
      await Promise.resolve();
      const { traceId, spanId } = span.spanContext();
      expect(currentTraceparent()).toBe(`00-${traceId}-${spanId}-01`);
    });
  });

  test('deterministicTraceparent() is a parent that a tracer accepts, the same for the same digest', () => {
    const digest = '0123456789abcdef'.repeat(4);
    const traceparent = deterministicTraceparent(digest);
    expect(traceparent).toBe(`00-${digest.slice(0, 32)}-${digest.slice(32, 48)}-01`);
    expect(trace.getSpanContext(traceContextOf(traceparent))?.traceId).toBe(digest.slice(0, 32));
    expect(() => deterministicTraceparent('sha256:abc')).toThrow('it must be 64 lower-case hex digits');
  });

  test('traceContextOf() is the root context where the traceparent cannot be read', () => {
    expect(trace.getSpanContext(traceContextOf('nonsense'))).toBeUndefined();
    expect(context.active()).toBe(ROOT_CONTEXT);
  });
});
