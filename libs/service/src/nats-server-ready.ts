import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

export type NatsServerPorts = { readonly port: number; readonly monitorPort: number | undefined };

/** The ports that the server with this process id wrote into its folder; undefined while it has not. */
export async function natsServerPorts(folder: string, pid: number): Promise<NatsServerPorts | undefined> {
  const name = (await readdir(folder)).find((file) => file.endsWith(`_${pid}.ports`));
  if (name === undefined) return undefined;
  try {
    const parsed = JSON.parse(await readFile(join(folder, name), 'utf8')) as { nats?: string[]; monitoring?: string[] };
    const port = portOf(parsed.nats);
    return port === undefined ? undefined : { port, monitorPort: portOf(parsed.monitoring) };
  } catch {
    return undefined; // half written: the next look sees it whole
  }
}

function portOf(urls: readonly string[] | undefined): number | undefined {
  const port = Number(urls?.[0]?.split(':').at(-1));
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

/** Whether a server on this loopback port greets a client with INFO within a second. */
export function saysInfo(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('data', (bytes) => settle(bytes.toString('latin1').startsWith('INFO ')));
  });
}
