import type { DraftPort } from './draft.ts';

/** A port's name as ours, or none. */
export function portName(written: string | undefined): string | undefined {
  const name = written
    ?.toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return name === undefined || name === '' ? undefined : name;
}

/** Puts a port in, or adds what it tells to one that is there. */
export function addPort(ports: DraftPort[], port: DraftPort): void {
  const before = ports.find((one) => one.containerPort === port.containerPort);
  if (before === undefined) ports.push(port);
  else before.hints.push(...port.hints);
}
