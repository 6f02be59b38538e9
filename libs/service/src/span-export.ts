import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

export type PublishSpans = (traceId: string, otlpJson: Uint8Array) => Promise<void> | void;

type SendSpans = (spans: readonly ReadableSpan[]) => Promise<void>;

/**
 * Turns "send these spans" into an exporter whose flush also waits for what is already on its way, which the batch
 * processor's own flush does not. A failed send loses its spans and nothing else: traces never stop a service.
 */
export class SendingExporter implements SpanExporter {
  readonly #send: SendSpans;
  readonly #underWay = new Set<Promise<void>>();

  constructor(send: SendSpans) {
    this.#send = send;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const sending = this.#send(spans).then(
      () => done({ code: ExportResultCode.SUCCESS }),
      (error: unknown) => done({ code: ExportResultCode.FAILED, error: error as Error }),
    );
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
  }
}

/** Groups a batch by trace and hands each group to `publish` as one OTLP JSON document. */
export function sendByTrace(publish: PublishSpans): SendSpans {
  return async (spans) => {
    const traces = Map.groupBy(spans, (span) => span.spanContext().traceId);
    for (const [traceId, members] of traces) {
      const bytes = JsonTraceSerializer.serializeRequest(members);
      if (bytes !== undefined) await publish(traceId, bytes);
    }
  };
}

/** Sends to an OTLP/HTTP collector. The exporter is loaded with the first batch: few processes need it. */
export function sendToCollector(endpoint: string): SendSpans {
  let exporter: Promise<SpanExporter> | undefined;
  return async (spans) => {
    exporter ??= loadExporter(tracesUrl(endpoint));
    const loaded = await exporter;
    await new Promise<void>((resolve, reject) => {
      loaded.export([...spans], ({ code, error }) =>
        code === ExportResultCode.SUCCESS
          ? resolve()
          : reject(error ?? new Error(`Cannot export spans to ${endpoint}`)),
      );
    });
  };
}

async function loadExporter(url: string): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({ url });
}

// OTEL_EXPORTER_OTLP_ENDPOINT is a base address by convention.
function tracesUrl(endpoint: string): string {
  return endpoint.endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
