import { formatBaggage, parseBaggage, withBaggageValue } from '@microstax/propagate/baggage';
import { envKey, type IncomingHeaders, readContext } from '@microstax/propagate/context';

/**
 * The context value of a request: of baggage, the environment's header and tracestate the first that holds one
 * (design 5.4). What cannot be a value is none: a malformed context never selects an environment.
 */
export function contextOf(headers: IncomingHeaders, headerName: string): string | undefined {
  return readContext(headers, { headerName }).env;
}

/** A baggage header with this context in front; members of others stay as they were. */
export function stampedBaggage(baggage: string | undefined, value: string): string {
  return formatBaggage(withBaggageValue(parseBaggage(baggage ?? ''), envKey, value)) ?? '';
}
