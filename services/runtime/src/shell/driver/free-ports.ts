import { createServer, type Server } from 'node:net';

const rememberedMax = 512; // far more than programs that start within the same seconds
const triesMax = 200;

/** Finds private ports that nobody has. A port just given is not given again while its program may still be starting. */
export class FreePorts {
  readonly #recent: number[] = [];

  /** Distinct free ports on loopback. Rejects where the machine has none left. */
  async pick(count: number): Promise<readonly number[]> {
    const held: Server[] = [];
    try {
      const picked: number[] = [];
      for (let tries = 0; picked.length < count; tries += 1) {
        if (tries >= triesMax + count) throw new Error(`Cannot find ${count} free ports: the machine has none left`);
        const server = await listenAnywhere();
        held.push(server);
        const port = portOf(server);
        if (!this.#recent.includes(port)) picked.push(this.#remember(port));
      }
      return picked;
    } finally {
      await Promise.all(held.map(close));
    }
  }

  #remember(port: number): number {
    this.#recent.push(port);
    if (this.#recent.length > rememberedMax) this.#recent.shift();
    return port;
  }
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => resolve(server));
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
