import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Answer } from './lib/answer.ts';

/** The real programs, wired to each other directly: no control plane, no router. */

const here = import.meta.dirname;
const nobody = 'http://127.0.0.1:1'; // a port that only root could listen on, and nobody does

describe('the storefront', { timeout: 20_000 }, () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop();
  }, 30_000); // eight programs, on a machine that may be busy with other tests
  afterAll(() => shop.stop());

  test('composes one answer of every service, and each hop names who served it', async () => {
    const { status, answer } = await ask(shop.web.url);

    expect(status).toBe(200);
    expect(tree(answer)).toBe('web(catalog(pricing) cart(store) checkout(cart(store) payments shipping))');
    expect(pids(answer)).toEqual(shop.pids());
    expect(hops(answer).map((hop) => hop.version)).toEqual(hops(answer).map(() => '1.0'));
    expect(answer.result.quote).toEqual({
      sumCents: 900,
      shippingCents: 490,
      feeCents: 28,
      totalCents: 1418,
      speed: 'standard',
    });
  });

  test.each([
    ['baggage', 'team=core,msx-env=feat-payments;p=1', 'feat-payments'],
    ['x-msx-env', 'feat-payments', 'feat-payments'],
  ])('carries the context of a %s header through three levels', async (name, value, context) => {
    const { answer } = await ask(shop.web.url, { headers: { [name]: value } });

    expect(hops(answer)).toHaveLength(10);
    expect(new Set(hops(answer).map((hop) => hop.context))).toEqual(new Set([context]));
  });

  test('keeps the contexts of requests at the same time apart, and invents none', async () => {
    const contexts = [undefined, ...Array.from({ length: 12 }, (_, index) => `env-${index}`)];

    const answers = await Promise.all(
      contexts.map((context) => ask(shop.web.url, context ? { headers: { baggage: `msx-env=${context}` } } : {})),
    );

    const seen = answers.map(({ answer }) => [...new Set(hops(answer).map((hop) => hop.context))]);
    expect(seen).toEqual(contexts.map((context) => [context]));
  });

  test('answers what it cannot do with 404 and 400, saying what was found and what is allowed', async () => {
    expect(await ask(`${shop.web.url}/nothing?a=b`)).toMatchObject({
      status: 404,
      answer: { service: 'web', result: { error: 'Cannot answer GET "/nothing": there is no such path' } },
    });
    expect(await ask(`${shop.web.url}/?cart=..%2F..`)).toMatchObject({
      status: 400,
      answer: { result: { error: 'Cannot read cart "../..": it must be a name of a-z, 0-9 and -' } },
    });
    expect((await ask(`${shop.cart.url}/carts/demo/items/mug?quantity=-1`, { method: 'PUT' })).status).toBe(400);
    expect((await ask(`${shop.web.url}/healthz`)).answer.result).toEqual({ healthy: true });
  });

  test('keeps a cart over a restart of its store', async () => {
    const path = '/carts/restart/items/mug?quantity=3&unitCents=1080';
    const put = await ask(shop.web.url + path, { method: 'PUT' });
    expect(put).toMatchObject({ status: 200, answer: { result: { sumCents: 3240 } } });

    const again = await startProgram('store', { MSX_DATA_DIR: shop.dataDir });
    const { answer } = await ask(`${again.url}/carts/restart`);
    await again.stop();

    expect(answer.pid).not.toBe(shop.store.pid);
    expect(answer.result.items).toEqual([{ sku: 'mug', quantity: 3, unitCents: 1080 }]);
  });

  test('answers 502 and names the upstream that failed, at every level', async () => {
    const checkout = await startProgram('checkout', { ...shop.urls(), PAYMENTS_URL: nobody });
    const web = await startProgram('web', { ...shop.urls(), CHECKOUT_URL: checkout.url });

    const { status, answer } = await ask(web.url);
    await Promise.all([web.stop(), checkout.stop()]);

    expect(status).toBe(502);
    expect(answer.result).toEqual({
      error:
        'Cannot answer GET "/": upstream "checkout" answered 502: Cannot answer GET "/quote": ' +
        'upstream "payments" did not answer at 127.0.0.1:1',
      upstream: 'checkout',
    });
    expect(answer.calls.map((hop) => [hop.service, hop.result.upstream])).toEqual([['checkout', 'payments']]);
  });

  test('sells at list prices where pricing, its optional dependency, is away', async () => {
    const catalog = await startProgram('catalog', { PRICING_URL: nobody });
    const { status, answer } = await ask(`${catalog.url}/products`);
    await catalog.stop();

    expect([status, answer.result.prices, answer.calls]).toEqual([200, 'list', []]);
    expect((await ask(`${shop.catalog.url}/products`)).answer.result.prices).toBe('today');
  });

  test('answers every request while one of its programs is told to end', async () => {
    const leaving = await startProgram('checkout', shop.urls());
    const load = startLoad([`${leaving.url}/quote?cart=demo`, `${shop.checkout.url}/quote?cart=demo`]);
    await load.reached(50);

    const ended = leaving.stop();
    await ended;
    await load.reached(load.answered() + 50);
    const { answered, failed, movedOn } = await load.stop();

    expect(failed).toEqual([]);
    expect(movedOn).toBe(loadWorkers);
    expect(answered).toBeGreaterThanOrEqual(100);
    expect(await ended).toBe(0);
    await expect(ask(leaving.url)).rejects.toThrow('fetch failed');
  });
});

describe('the Blueprints of the storefront', () => {
  const files = [
    'baseline.yaml',
    'dropping.yaml',
    'overlay-payments.yaml',
    'team-checkout.yaml',
    'feature-express.yaml',
  ];

  test('are all there', () => {
    expect(readdirSync(here).filter((file) => file.endsWith('.yaml'))).toEqual([...files].sort());
  });

  test.each(files)('%s starts programs that exist and names every service it has the address of', (file) => {
    const { services } = parse(readFileSync(join(here, file), 'utf8')) as { services: BlueprintService[] };

    for (const { name, run, env, dependsOn = [] } of services) {
      expect(existsSync(join(here, '..', '..', run.cwd, 'server.ts')), run.cwd).toBe(true);
      const addressed = [...JSON.stringify(env).matchAll(/\$\{host\.([a-z-]+)\}/g)].map((hit) => hit[1]);
      const declared = dependsOn.map((one) => (typeof one === 'string' ? one : one.service));
      expect(addressed.sort(), `${name} in ${file}`).toEqual(declared.sort());
    }
  });
});

type BlueprintService = {
  readonly name: string;
  readonly run: { readonly cwd: string };
  readonly env: Readonly<Record<string, string>>;
  readonly dependsOn?: (string | { service: string })[];
};

type Program = { readonly url: string; readonly pid: number; readonly stop: () => Promise<number | null> };

/** Starts one service of the shop and settles when it says where it listens. */
async function startProgram(service: string, env: Record<string, string> = {}): Promise<Program> {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, ['server.ts'], {
    cwd: join(here, service),
    env: { PATH: process.env.PATH, PORT: '0', VERSION: '1.0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const said = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const [line] = await Promise.race([said, exited.then(([code]) => [`${service} ended with ${code}`])]);
  const url = /listens on (\S+)/.exec(line)?.[1];
  if (url === undefined || child.pid === undefined) throw new Error(`Cannot start ${service}: ${line}`);
  return {
    url,
    pid: child.pid,
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

type Shop = Awaited<ReturnType<typeof startShop>>;

/** All eight, each with the direct addresses of those it calls. */
async function startShop() {
  const dataDir = await mkdtemp(join(tmpdir(), 'msx-storefront-'));
  const [store, pricing, payments, shipping] = await Promise.all([
    startProgram('store', { MSX_DATA_DIR: dataDir }),
    startProgram('pricing'),
    startProgram('payments'),
    startProgram('shipping'),
  ]);
  const leaves = {
    STORE_URL: store.url,
    PRICING_URL: pricing.url,
    PAYMENTS_URL: payments.url,
    SHIPPING_URL: shipping.url,
  };
  const [cart, catalog] = await Promise.all([startProgram('cart', leaves), startProgram('catalog', leaves)]);
  const checkout = await startProgram('checkout', { ...leaves, CART_URL: cart.url });
  const urls = { ...leaves, CART_URL: cart.url, CATALOG_URL: catalog.url, CHECKOUT_URL: checkout.url };
  const web = await startProgram('web', urls);
  const programs = { web, catalog, pricing, cart, store, checkout, payments, shipping };
  return {
    ...programs,
    dataDir,
    urls: () => urls,
    pids: () => Object.fromEntries(Object.entries(programs).map(([service, { pid }]) => [service, pid])),
    stop: async () => {
      const codes = await Promise.all(Object.values(programs).map((program) => program.stop()));
      await rm(dataDir, { recursive: true });
      expect(codes).toEqual(codes.map(() => 0));
    },
  };
}

async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(url, init);
  return { status: response.status, answer: (await response.json()) as Answer };
}

function hops(answer: Answer): Answer[] {
  return [answer, ...answer.calls.flatMap(hops)];
}

function tree({ service, calls }: Answer): string {
  return calls.length === 0 ? service : `${service}(${calls.map(tree).join(' ')})`;
}

function pids(answer: Answer): Record<string, number> {
  return Object.fromEntries(hops(answer).map(({ service, pid }) => [service, pid]));
}

const loadWorkers = 6;

/**
 * Requests without a pause over kept-alive connections, to the first URL until it says `connection: close`, then to
 * the second: what a router does with an instance that leaves.
 */
function startLoad([first = '', second = '']: readonly string[]) {
  const agent = new Agent({ keepAlive: true });
  const failed: string[] = [];
  let answered = 0;
  let movedOn = 0;
  let running = true;

  async function work(): Promise<void> {
    for (let url = first; running; ) {
      try {
        const response = await request(url, agent);
        if (response.statusCode !== 200) failed.push(`${url}: ${response.statusCode}`);
        answered += 1;
        if (response.headers.connection === 'close' && url === first) {
          url = second;
          movedOn += 1;
        }
      } catch (error) {
        failed.push(`${url}: ${error}`);
      }
    }
  }

  const working = Array.from({ length: loadWorkers }, work);
  return {
    answered: () => answered,
    reached: (count: number) =>
      expect.poll(() => answered, { timeout: 15_000, interval: 5 }).toBeGreaterThanOrEqual(count),
    stop: async () => {
      running = false;
      await Promise.all(working);
      agent.destroy();
      return { answered, failed, movedOn };
    },
  };
}

function request(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response
        .resume()
        .once('end', () => resolve(response))
        .once('error', reject);
    }).once('error', reject);
  });
}
