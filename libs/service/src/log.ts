import { trace } from '@opentelemetry/api';
import { pino } from 'pino';

/** What a service may do with its log: structured fields first, then a sentence. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;

export type LogOptions = {
  readonly service: string;
  /** `debug`, `info` (default), `warn`, `error` or `silent`. */
  readonly level?: string;
  /** A file or a file descriptor; by default stderr, because stdout is for data. */
  readonly destination?: string | number;
};

const stderrFd = 2;

/** A log of JSON lines that carry the service, the process and, inside a span, `trace_id` and `span_id`. */
export function createLog(options: LogOptions): Log {
  const { service, level = 'info', destination = stderrFd } = options;
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: activeIds,
    },
    pino.destination({ dest: destination, sync: true, mkdir: true }),
  );
}

/** Says nothing; for tests. */
export const silentLog: Log = pino({ level: 'silent' });

function activeIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
