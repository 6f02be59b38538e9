/** One span of a trace as the terminal draws it; times in milliseconds since 1970. */
export type Span = {
  readonly id: string;
  readonly parent: string | null;
  readonly service: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly pid: number | null;
  readonly error: string | null;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

type OtlpValue = {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
};
type OtlpAttribute = { readonly key: string; readonly value: OtlpValue };
type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
};
type OtlpBatch = {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
};

const statusError = 2;

/** Reads OTLP JSON batches; spans in order of start, each once. */
export function readSpans(batches: readonly Uint8Array[], traceId: string): Span[] {
  const spans = new Map<string, Span>();
  for (const batch of batches) {
    const { resourceSpans = [] } = JSON.parse(Buffer.from(batch).toString('utf8')) as OtlpBatch;
    for (const { resource, scopeSpans = [] } of resourceSpans) {
      const about = attributesOf(resource?.attributes);
      for (const span of scopeSpans.flatMap((scope) => scope.spans ?? [])) {
        if (span.traceId === traceId) spans.set(span.spanId, spanOf(span, about));
      }
    }
  }
  return [...spans.values()].sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
}

function spanOf(span: OtlpSpan, about: Span['attributes']): Span {
  const pid = about['process.pid'];
  return {
    id: span.spanId,
    parent: span.parentSpanId || null,
    service: String(about['service.name'] ?? 'unknown'),
    name: span.name,
    start: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
    end: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
    pid: typeof pid === 'number' ? pid : null,
    error: span.status?.code === statusError ? (span.status.message ?? 'error') : null,
    attributes: attributesOf(span.attributes),
  };
}

function attributesOf(attributes: readonly OtlpAttribute[] = []): Span['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.boolValue ??
        (value.intValue === undefined ? (value.doubleValue ?? '') : Number(value.intValue)),
    ]),
  );
}
