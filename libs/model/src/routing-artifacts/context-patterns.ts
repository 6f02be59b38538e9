/** How a context value is found in a request's headers by a regular expression (design 5.4). */
export type Carrier = { readonly header: string; pattern(value: string): string };

/** Any value that can name an environment, as `libs/propagate` reads it. */
export const anyContextValue = '[A-Za-z0-9._~-]{1,128}';

/**
 * The same without a bound, where a bound is not to be had: Envoy, alone and in gateways, refuses by default what compiles
 * to more than 100 instructions of RE2, and a bound is written out. A value longer than any name is an unknown one there.
 */
export const contextValueUnbounded = '[A-Za-z0-9._~-]+';

/** In the order that they count: baggage, the environment's header, tracestate. Each pattern is for the whole header. */
export function contextCarriers(headerName: string): readonly [Carrier, Carrier, Carrier] {
  return [
    {
      header: 'baggage',
      pattern: (value) => String.raw`(?:.*,)?[ \t]*msx-env[ \t]*=[ \t]*${value}[ \t]*(?:[;,].*)?`,
    },
    { header: headerName.toLowerCase(), pattern: (value) => String.raw`[ \t]*${value}[ \t]*` },
    { header: 'tracestate', pattern: (value) => String.raw`(?:.*,)?[ \t]*msx-env=${value}[ \t]*(?:,.*)?` },
  ];
}

/** A value in a pattern: of what a value may hold only the dot means something there. */
export function literalValue(value: string): string {
  return value.replaceAll('.', String.raw`\.`);
}
