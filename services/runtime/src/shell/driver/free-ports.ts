import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const rememberedMax = 512; // far more than programs that start within the same seconds
const triesMax = 200;
const quietPortsMin = 2_000; // fewer are soon used up
const portMax = 65_535;

export type PortRange = { readonly from: number; readonly to: number };

/**
 * Finds private ports that nobody has. A port just given is not given again while its program may still be starting. The
 * kernel gives ports of its own range to whoever connects or asks for any, at any moment between choosing and binding, so
 * they are taken from above it where there are enough.
 */
export class FreePorts {
  readonly #recent: number[] = [];
  readonly #quiet: PortRange | undefined;

  constructor(quiet: PortRange | undefined = quietPorts(kernelRange())) {
    this.#quiet = quiet;
  }

  /** Distinct free ports on loopback. Rejects where the machine has none left. */
  async pick(count: number): Promise<readonly number[]> {
    const held: Server[] = [];
    try {
      const picked: number[] = [];
      for (let tries = 0; picked.length < count; tries += 1) {
        if (tries >= 2 * triesMax + count)
          throw new Error(`Cannot find ${count} free ports: the machine has none left`);
        const server = await listenOn(tries < triesMax ? this.#quietPort() : 0);
        if (server === undefined) continue;
        held.push(server);
        const port = portOf(server);
        if (!this.#recent.includes(port)) picked.push(this.#remember(port));
      }
      return picked;
    } finally {
      await Promise.all(held.map(close));
    }
  }

  #quietPort(): number {
    return this.#quiet === undefined ? 0 : randomInt(this.#quiet.from, this.#quiet.to + 1);
  }

  #remember(port: number): number {
    this.#recent.push(port);
    if (this.#recent.length > rememberedMax) this.#recent.shift();
    return port;
  }
}

/** Ports that the kernel gives to nobody by itself, above its range; undefined where they are too few. */
export function quietPorts(kernel: PortRange | undefined): PortRange | undefined {
  if (kernel === undefined || portMax - kernel.to < quietPortsMin) return undefined;
  return { from: kernel.to + 1, to: portMax };
}

function kernelRange(): PortRange | undefined {
  try {
    const [from = Number.NaN, to = Number.NaN] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    return Number.isInteger(from) && Number.isInteger(to) ? { from, to } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where somebody has it. */
function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' && port !== 0 ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Broken invariant: a TCP server has a port');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
