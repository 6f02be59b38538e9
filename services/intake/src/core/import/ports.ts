import type { DraftPort } from './draft.ts';

/** A port's name as ours, or none. */
export function portName(written: string | undefined): string | undefined {
  const name = written
    ?.toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === undefined || name === '' ? undefined : name;
}

/** Why a port is not carried where its number stands for another transport already. */
export const otherTransport = 'a number is one port of a service, and this one is taken with another transport';

/** Puts a port in, or adds what it tells to one that is there; false where that is another one (`53/udp` beside `53/tcp`). */
export function addPort(ports: DraftPort[], port: DraftPort): boolean {
  const before = ports.find((one) => one.containerPort === port.containerPort);
  if (before === undefined) {
    const { name, ...rest } = port;
    // A name belongs to one port; the next is called by its protocol.
    const free = name === undefined || ports.every((one) => one.name !== name);
    ports.push({ ...rest, name: free ? name : undefined });
    return true;
  }
  if (isUdp(before) !== isUdp(port)) return false;
  before.hints.push(...port.hints);
  return true;
}

function isUdp({ hints }: DraftPort): boolean {
  return hints.some(({ protocol }) => protocol === 'udp');
}
