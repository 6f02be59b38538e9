import { probeKey } from '@microstax/contracts/propagation';
import { baggageBytesMax, formatBaggage, parseBaggage, withBaggageValue } from '@microstax/propagate/baggage';
import { envKey, type IncomingHeaders, readContext } from '@microstax/propagate/context';

/**
 * The context value of a request: of baggage, the environment's header and tracestate the first that holds one
 * (design 5.4). What cannot be a value is none: a malformed context never selects an environment.
 */
export function contextOf(headers: IncomingHeaders, headerName: string): string | undefined {
  const { baggage, tracestate, [headerName]: header } = headers;
  if (baggage === undefined && header === undefined && tracestate === undefined) return undefined;
  const front = typeof baggage === 'string' && isOnlyInFront(baggage) ? inFront.exec(baggage)?.[1] : undefined;
  return front ?? readContext(headers, { headerName }).env;
}

/** What every service behind a router is sent, and most pass on as it is: it needs no reading of all members. */
const inFront = /^msx-env=([A-Za-z0-9._~-]{1,128})(?=,|$)/;

function isOnlyInFront(baggage: string): boolean {
  return baggage.startsWith(`${envKey}=`) && !baggage.includes(envKey, envKey.length);
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
  if (probe === undefined && value !== undefined && baggage !== undefined && saysAlready(baggage, value))
    return baggage;
  let members = parseBaggage(baggage ?? '');
  if (probe !== undefined) members = withBaggageValue(members, probeKey, probe);
  if (value !== undefined) members = withBaggageValue(members, envKey, value);
  return formatBaggage(members) ?? '';
}

function saysAlready(baggage: string, value: string): boolean {
  return baggage.length <= baggageBytesMax && isOnlyInFront(baggage) && inFront.exec(baggage)?.[1] === value;
}
