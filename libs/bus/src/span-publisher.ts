import { spansSubject } from '@microstax/contracts/subjects';
import type { Bus } from './bus.ts';

export type SpanPublisher = {
  /** Says one trace's share of spans as OTLP JSON, or keeps it until there is a bus. Never throws. */
  readonly publish: (traceId: string, otlpJson: Uint8Array) => void;
  /** From here on spans leave by this bus. */
  readonly attach: (bus: SpanBus) => void;
};

/** What it needs of a bus. */
export type SpanBus = Pick<Bus, 'say' | 'state' | 'onReconnect'>;

const keptMax = 512;
const keptBytesMax = 4 * 1024 * 1024; // a bus that stays away costs traces, not memory

/**
 * The way of spans to `MSX_SPANS`: made before the bus, because telemetry starts first. What it keeps is bounded and the
 * oldest goes first. `say` is plain core NATS, so publishing spans makes no spans. Good for child processes as well.
 */
export function spanPublisher(): SpanPublisher {
  let kept: { readonly traceId: string; readonly otlpJson: Uint8Array }[] = [];
  let keptBytes = 0;
  let bus: SpanBus | undefined;

  function publish(traceId: string, otlpJson: Uint8Array): void {
    if (bus?.state() === 'connected' && said(bus, traceId, otlpJson)) return;
    kept.push({ traceId, otlpJson });
    keptBytes += otlpJson.byteLength;
    while (kept.length > keptMax || keptBytes > keptBytesMax) keptBytes -= kept.shift()?.otlpJson.byteLength ?? 0;
  }

  function sayKept(): void {
    const waiting = kept;
    kept = [];
    keptBytes = 0;
    for (const { traceId, otlpJson } of waiting) publish(traceId, otlpJson);
  }

  function attach(attached: SpanBus): void {
    bus = attached;
    attached.onReconnect(sayKept);
    sayKept();
  }

  return { publish, attach };
}

function said(bus: SpanBus, traceId: string, otlpJson: Uint8Array): boolean {
  try {
    bus.say(spansSubject(traceId), otlpJson);
    return true;
  } catch {
    return false; // too large, or the bus is closing: spans never fail anybody
  }
}
