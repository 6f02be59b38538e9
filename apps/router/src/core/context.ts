import { probeKey } from '@microstax/contracts/propagation';
import { formatBaggage, parseBaggage, withBaggageValue } from '@microstax/propagate/baggage';
import { envKey, type IncomingHeaders, readContext } from '@microstax/propagate/context';

/**
 * The context value of a request: of baggage, the environment's header and tracestate the first that holds one
 * (design 5.4). What cannot be a value is none: a malformed context never selects an environment.
 */
export function contextOf(headers: IncomingHeaders, headerName: string): string | undefined {
  return readContext(headers, { headerName }).env;
}

/** Whether a request that has no context tried to name one; it is routed as one without, and told so. */
export function isMalformed(headers: IncomingHeaders, headerName: string): boolean {
  const { baggage, tracestate, [headerName]: header } = headers;
  return header !== undefined || mentions(baggage) || mentions(tracestate);
}

function mentions(header: string | readonly string[] | undefined): boolean {
  return (
    header !== undefined && (typeof header === 'string' ? [header] : header).some((one) => one.includes(`${envKey}=`))
  );
}

/** A baggage header with this context in front, and the member of a probe; members of others stay as they were. */
export function stampedBaggage(baggage: string | undefined, value: string | undefined, probe?: string): string {
  let members = parseBaggage(baggage ?? '');
  if (probe !== undefined) members = withBaggageValue(members, probeKey, probe);
  if (value !== undefined) members = withBaggageValue(members, envKey, value);
  return formatBaggage(members) ?? '';
}
