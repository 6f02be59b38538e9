import type { ServiceSpec } from '@microstax/model/service-spec';

/** Numbers of ports by service and port name: as a Service of the environment's namespace has them. */
export type PortNumbers = Readonly<Record<string, Readonly<Record<string, number>>>>;

export type Filled<T> =
  | { readonly kind: 'filled'; readonly value: T }
  | { readonly kind: 'unknown'; readonly reason: string };

export type ContainerWords = {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

// Only these two words are ours: `${HOME}` belongs to whoever reads it.
const pattern = /\$\{(port|host)\.([a-z0-9-]{1,63})(?:\.([a-z0-9-]{1,63}))?\}/g;

/**
 * Protocol 27: `${host.<service>}` is the name of the Service that stands for it in the environment's own namespace,
 * `${port.<service>.<name>}` its declared port, `${port.<name>}` the container's own.
 */
export function containerWords(
  spec: ServiceSpec,
  numbers: PortNumbers,
  nameOf: (service: string) => string,
): Filled<ContainerWords> {
  const unknown: string[] = [];
  const fill = (text: string, place: string): string =>
    text.replaceAll(pattern, (whole, kind: string, first: string, second: string | undefined) => {
      const value = lookUp(kind, first, second);
      if (value === undefined) unknown.push(`"${whole}" in ${place}`);
      return value ?? whole;
    });
  const lookUp = (kind: string, first: string, second: string | undefined): string | undefined => {
    if (kind === 'host') return second === undefined && Object.hasOwn(numbers, first) ? nameOf(first) : undefined;
    const [service, port] = second === undefined ? [spec.name, first] : [first, second];
    const own = second === undefined ? ownPorts(spec) : Object.hasOwn(numbers, service) ? numbers[service] : undefined;
    return own !== undefined && Object.hasOwn(own, port) ? String(own[port]) : undefined;
  };
  const value = {
    command: (spec.command ?? []).map((word, index) => fill(word, `command ${index}`)),
    args: spec.args.map((word, index) => fill(word, `argument ${index}`)),
    env: Object.fromEntries(Object.entries(spec.env).map(([key, text]) => [key, fill(text, `env ${key}`)])),
  };
  if (unknown.length === 0) return { kind: 'filled', value };
  const known = Object.keys(ownPorts(spec)).map((name) => `port.${name}`);
  const reason = `Cannot fill ${unknown.join(', ')} of "${spec.name}": no such service or port in the environment; own are ${known.join(', ') || 'none'}`;
  return { kind: 'unknown', reason };
}

export function ownPorts({ ports }: ServiceSpec): Readonly<Record<string, number>> {
  return Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]));
}

/** As a container's field has to be written so that Kubernetes leaves `$(…)` in it alone. */
export function unexpanded(text: string): string {
  return text.replaceAll('$(', '$$$$(');
}
