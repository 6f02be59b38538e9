import { compareText, sortedBy } from '@microstax/model/compare';
import type { PortSpec } from '@microstax/model/service-spec';
import type { WrittenPort } from './blueprint-schema.ts';

/**
 * Ports with a name each, sorted by it. A port without a name is called by its protocol (`http`), or `http-8081` where
 * that would be another port's name too; so a name does not depend on the order of the text.
 */
export function normalisePorts(written: readonly WrittenPort[]): PortSpec[] {
  const taken = new Set(written.flatMap(({ name }) => (name === undefined ? [] : [name])));
  const nameOf = ({ name, protocol, containerPort }: WrittenPort): string => {
    if (name !== undefined) return name;
    const alone = written.filter((other) => other.name === undefined && other.protocol === protocol).length === 1;
    return alone && !taken.has(protocol) ? protocol : `${protocol}-${containerPort}`;
  };
  const ports = written.map((port) => ({
    name: nameOf(port),
    containerPort: port.containerPort,
    protocol: port.protocol,
  }));
  return sortedBy(ports, ({ name }) => name);
}

/** Indices of ports whose name or number stands in the list before. */
export function repeatedPorts(written: readonly WrittenPort[]): { readonly index: number; readonly key: string }[] {
  const seen = new Set<string>();
  return written.flatMap(({ name, containerPort, protocol }, index) => {
    // What speaks over udp has numbers of its own.
    const number = protocol === 'udp' ? `port ${containerPort}/udp` : `port ${containerPort}`;
    const keys = [...(name === undefined ? [] : [`name "${name}"`]), number];
    const repeated = keys.find((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return repeated === undefined ? [] : [{ index, key: repeated }];
  });
}

/** The port that a call goes to where none is named: the only one, else `http`, else the only one of the protocol. */
export function defaultPort(ports: readonly PortSpec[], protocol: string | undefined): PortSpec | undefined {
  const fitting = protocol === undefined ? ports : ports.filter((port) => port.protocol === protocol);
  if (fitting.length === 1) return fitting[0];
  return [...fitting].sort((a, b) => compareText(a.name, b.name)).find(({ name }) => name === 'http');
}
