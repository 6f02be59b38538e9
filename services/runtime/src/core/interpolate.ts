import type { ListenerRecord } from '@microstax/model/journal';
import type { ServiceSpec } from '@microstax/model/service-spec';

/** What `${…}` may name: own private ports, and this environment's listeners (protocol 27). */
export type Addresses = {
  readonly ports: Readonly<Record<string, number>>;
  readonly listeners: readonly ListenerRecord[];
};

/** How a program is started, every name filled in. */
export type StartWords = {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

export type Filled<T> =
  | { readonly kind: 'filled'; readonly value: T }
  | { readonly kind: 'unknown'; readonly reason: string };

// Only these two words are ours: `${HOME}` belongs to whoever reads it.
const pattern = /\$\{(port|host)\.([a-z0-9-]{1,63})(?:\.([a-z0-9-]{1,63}))?\}/g;

/** Fills command, arguments and environment of a spec. A name that stands for nothing is said with where it stands. */
export function startWords(spec: ServiceSpec, addresses: Addresses): Filled<StartWords> {
  const unknown: string[] = [];
  const fill = (text: string, place: string): string =>
    text.replaceAll(pattern, (whole, kind: string, first: string, second: string | undefined) => {
      const value = lookUp(kind, first, second, addresses);
      if (value === undefined) unknown.push(`"${whole}" in ${place}`);
      return value ?? whole;
    });
  const command = [...(spec.run?.command ?? []), ...spec.args].map((word, index) => fill(word, `argument ${index}`));
  const environment = Object.fromEntries(
    Object.entries(spec.env).map(([key, value]) => [key, fill(value, `env ${key}`)]),
  );
  if (unknown.length === 0) return { kind: 'filled', value: { command, environment } };
  const known = [
    ...Object.keys(addresses.ports).map((name) => `port.${name}`),
    ...addresses.listeners.map(({ service, port }) => `port.${service}.${port}`),
  ];
  const reason = `Cannot fill ${unknown.join(', ')} of "${spec.name}": known are ${known.join(', ') || 'none'}; declare the service under dependsOn`;
  return { kind: 'unknown', reason };
}

/** Whether a spec takes its own port of this name from us. */
export function refersToOwnPort(spec: ServiceSpec, port: string): boolean {
  const words = [...(spec.run?.command ?? []), ...spec.args, ...Object.values(spec.env)];
  return words.some((word) => word.includes(`\${port.${port}}`));
}

function lookUp(
  kind: string,
  first: string,
  second: string | undefined,
  { ports, listeners }: Addresses,
): string | undefined {
  if (kind === 'host') return second ? undefined : listeners.find(({ service }) => service === first)?.host;
  if (second === undefined) return Object.hasOwn(ports, first) ? String(ports[first]) : undefined;
  const listener = listeners.find(({ service, port }) => service === first && port === second);
  return listener && String(listener.listenPort);
}
