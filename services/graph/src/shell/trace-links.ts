import { traceContextOf } from '@microstax/service/telemetry';
import { type Link, trace } from '@opentelemetry/api';

/** Protocol 31: work that another trace caused is a trace of its own, linked with that one. */
export function linksTo(traceparent: string | null): Link[] {
  const context = traceparent === null ? undefined : trace.getSpanContext(traceContextOf(traceparent));
  return context ? [{ context }] : [];
}
