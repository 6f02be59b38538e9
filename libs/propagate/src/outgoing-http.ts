import { baggageValue, formatBaggage, parseBaggage, withBaggageValue } from './baggage.ts';
import { currentContext, envKey, isEnvValue, type RequestContext } from './context.ts';

/** Headers of a call in the making. */
export type OutgoingHeaders = Readonly<Record<string, string | number | string[] | undefined>>;

/**
 * The headers of a call, with those of the current request added: `baggage`, the environment's plain header,
 * `traceparent` and `tracestate`. What the caller wrote stays: own trace headers, own baggage members (ours join them),
 * and an environment that the caller named. Outside of a request the headers come back unchanged. Fits any carrier
 * of named texts, also message headers.
 */
export function outgoingHeaders(headers?: Readonly<Record<string, string>>): Record<string, string>;
export function outgoingHeaders(headers?: OutgoingHeaders): Record<string, string | number | string[]>;
export function outgoingHeaders(headers: OutgoingHeaders = {}): Record<string, string | number | string[]> {
  const own = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number | string[]
  >;
  const context = currentContext();
  if (context === undefined) return own;
  const read = (name: string): string | undefined => {
    const found = Object.entries(own).findLast(([key]) => key.toLowerCase() === name)?.[1];
    return found === undefined ? undefined : String(found);
  };
  const added = headersToAdd(context, read);
  const replaced = Object.entries(own).filter(([key]) => !(key.toLowerCase() in added));
  return { ...Object.fromEntries(replaced), ...added };
}

/** The headers that a call lacks, in lower case; `read` looks up one that it has already. */
export function headersToAdd(
  context: RequestContext,
  read: (name: string) => string | undefined,
): Record<string, string> {
  const added: Record<string, string> = {};
  const ownBaggage = read('baggage');
  const baggage = mergedBaggage(context, ownBaggage, read(context.headerName));
  if (baggage !== undefined && baggage !== ownBaggage) added.baggage = baggage;
  const env = namedBy(ownBaggage) ?? context.env;
  if (env !== undefined && isEnvValue(env) && read(context.headerName) === undefined) added[context.headerName] = env;
  // A traceparent of the caller's own makes ours somebody else's, and a tracestate belongs to its traceparent.
  if (read('traceparent') === undefined) {
    if (context.traceparent !== undefined) added.traceparent = context.traceparent;
    if (context.tracestate !== undefined && read('tracestate') === undefined) added.tracestate = context.tracestate;
  }
  return added;
}

function mergedBaggage(
  context: RequestContext,
  ownBaggage: string | undefined,
  ownHeader: string | undefined,
): string | undefined {
  const own = parseBaggage(ownBaggage ?? '');
  const ownKeys = new Set(own.map((member) => member.key));
  const members = [...own, ...context.baggage.filter((member) => !ownKeys.has(member.key))];
  const env = namedBy(ownBaggage) ?? ownHeader ?? context.env;
  return formatBaggage(env === undefined ? members : withBaggageValue(members, envKey, env));
}

function namedBy(baggage: string | undefined): string | undefined {
  return baggage === undefined ? undefined : baggageValue(parseBaggage(baggage), envKey);
}
