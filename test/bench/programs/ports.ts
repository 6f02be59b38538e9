import type { AddressInfo, Server } from 'node:net';

/** Settles with the port of loopback that it listens on. */
export function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** One line that says where a program listens; it runs until it is ended. */
export function sayPorts(ports: Readonly<Record<string, number | undefined>>): void {
  process.stdout.write(`${JSON.stringify(ports)}\n`);
}
