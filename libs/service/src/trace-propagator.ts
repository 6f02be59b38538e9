import { type Context, propagation, type TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';

/** Of baggage only these keys pass, in and out: the rest is a stranger's data, and may be a secret. */
const baggageKeys: readonly string[] = ['msx-env'];

const baggage = new W3CBaggagePropagator();

/** W3C trace context, and of W3C baggage the environment alone. */
export const environmentPropagator: TextMapPropagator = new CompositePropagator({
  propagators: [
    new W3CTraceContextPropagator(),
    {
      inject: (from, carrier, setter) => baggage.inject(withAllowedBaggage(from), carrier, setter),
      extract: (into, carrier, getter) => withAllowedBaggage(baggage.extract(into, carrier, getter)),
      fields: () => baggage.fields(),
    },
  ],
});

function withAllowedBaggage(from: Context): Context {
  const found = propagation.getBaggage(from);
  if (found === undefined) return from;
  const allowed = found.getAllEntries().filter(([key]) => baggageKeys.includes(key));
  return propagation.setBaggage(from, propagation.createBaggage(Object.fromEntries(allowed)));
}
