// Owns: a service's tracer, the way its spans leave, and how a trace context enters and leaves as headers.
// Does not own: which headers a message has (libs/bus), where published spans are kept (libs/contracts).
//
// 1. Context manager and propagator belong to the process; tracer, resource and exporters belong to one service, so that
//    six services in one process keep their names apart. No tracer provider is global.
// 2. A failed export loses its spans and nothing else.
// 3. What the exporters do is never traced: the batch processor runs them with tracing suppressed.
import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { withDeadline } from './deadline.ts';
import { type PublishSpans, SendingExporter, sendByTrace, sendToCollector } from './span-export.ts';
import { environmentPropagator } from './trace-propagator.ts';

export type TelemetryOptions = {
  readonly service: string;
  /** Tells replicas apart; by default random. */
  readonly instance?: string;
  /** Called with each trace's share of a batch as one OTLP JSON document. */
  readonly publishSpans?: PublishSpans;
  /** An OTLP/HTTP collector's base address. */
  readonly otlpEndpoint?: string;
  /** The share of traces begun here that are recorded, 0 to 1; a caller's decision is followed. Default 1. */
  readonly ratio?: number;
};

export type Telemetry = {
  readonly tracer: Tracer;
  readonly service: string;
  /** Settles when all ended spans were handed over, or after a few seconds; never rejects. */
  flush(): Promise<void>;
  /** Flushes and ends. Spans that end later are lost, so the bus drains first. */
  [Symbol.asyncDispose](): Promise<void>;
};

const batchDelayMs = 200; // who types `msx trace` right after an activation shall see it
const flushMsMax = 5_000;
const attributeCharsMax = 4_096; // an attribute is for reading; what is longer is an artifact

/** Starts a service's tracing. Without `publishSpans` and `otlpEndpoint` spans carry context and go nowhere. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { service, instance = randomUUID(), ratio = 1 } = options;
  prepareProcess();
  const exporters = exportersOf(options);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.instance.id': instance,
      'process.pid': process.pid,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeValueLengthLimit: attributeCharsMax },
    spanProcessors: exporters.map(batched),
  });
  const flush = async (): Promise<void> => {
    await inTime(provider.forceFlush());
    await inTime(Promise.all(exporters.map((exporter) => exporter.forceFlush())));
  };
  const dispose = async (): Promise<void> => {
    await flush();
    await inTime(provider.shutdown());
  };
  return { tracer: provider.getTracer('microstax'), service, flush, [Symbol.asyncDispose]: dispose };
}

let prepared = false;

function prepareProcess(): void {
  if (prepared) return;
  prepared = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(environmentPropagator);
}

function exportersOf({ publishSpans, otlpEndpoint }: TelemetryOptions): readonly SendingExporter[] {
  return [
    ...(publishSpans === undefined ? [] : [new SendingExporter(sendByTrace(publishSpans))]),
    ...(otlpEndpoint === undefined ? [] : [new SendingExporter(sendToCollector(otlpEndpoint))]),
  ];
}

// The options are an object, always: given the exporter itself, the processor is silent and exports nothing.
function batched(exporter: SendingExporter): SpanProcessor {
  const limits = { scheduledDelayMillis: batchDelayMs, exportTimeoutMillis: flushMsMax, maxQueueSize: 8_192 };
  return new BatchSpanProcessor({ exporter, ...limits });
}

// A bus or collector that is away must not hold up the end of a service, nor fail it.
async function inTime(work: Promise<unknown>): Promise<void> {
  await withDeadline(work, flushMsMax, 'flushing spans takes too long').catch(() => {});
}

export type InSpanOptions = {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: readonly Link[];
  /** By default the active context. */
  readonly parent?: Context;
};

/** Runs `work` inside a new active span that ends with it. What `work` throws is recorded on the span and thrown on. */
export async function inSpan<T>(
  tracer: Tracer,
  name: string,
  options: InSpanOptions,
  work: (span: Span) => T | Promise<T>,
): Promise<T> {
  const { kind, attributes, links, parent = context.active() } = options;
  const settings: SpanOptions = {
    ...(kind === undefined ? {} : { kind }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(links === undefined ? {} : { links: [...links] }),
  };
  return tracer.startActiveSpan(name, settings, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Records an error on a span and sets its status, for work that does not throw what went wrong. */
export function markFailed(span: Span, error: unknown): void {
  const exception = error instanceof Error ? error : new Error(String(error));
  span.recordException(exception);
  span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
}

const getter: TextMapGetter<(key: string) => string | undefined> = {
  keys: () => [...environmentPropagator.fields()],
  // An absent header reads as "" in some clients, and must not become a context.
  get: (read, key) => read(key) || undefined,
};

const setter: TextMapSetter<Record<string, string>> = {
  set: (carrier, key, value) => {
    carrier[key.toLowerCase()] = value;
  },
};

/** The context that a message or request carries; the root context where it carries none. `get` reads one header. */
export function contextFromHeaders(get: (key: string) => string | undefined): Context {
  return environmentPropagator.extract(ROOT_CONTEXT, get, getter);
}

/** `traceparent`, `tracestate` and `baggage` (only `msx-env`) of a context, the active one by default, in lower case. */
export function headersFromContext(from: Context = context.active()): Record<string, string> {
  const headers: Record<string, string> = {};
  environmentPropagator.inject(from, headers, setter);
  return headers;
}

/** A context whose parent is this `traceparent`; the root context where it cannot be read. */
export function traceContextOf(traceparent: string): Context {
  return contextFromHeaders((key) => (key === 'traceparent' ? traceparent : undefined));
}

/** The active span as a `traceparent`, to be stored and said with later; undefined outside of a span. */
export function currentTraceparent(): string | undefined {
  return headersFromContext().traceparent;
}

/**
 * The `traceparent` of a submission that came without one, from a SHA-256 digest in 64 hex digits: a redelivery finds
 * the same trace (protocol 31). Throws on anything else.
 */
export function deterministicTraceparent(hexDigest: string): string {
  if (!/^[0-9a-f]{64}$/.test(hexDigest)) {
    throw new Error(`Cannot make a traceparent of ${JSON.stringify(hexDigest)}: it must be 64 lower-case hex digits`);
  }
  return `00-${hexDigest.slice(0, 32)}-${hexDigest.slice(32, 48)}-01`;
}
