import { Metadata } from '@grpc/grpc-js';
import type { PropagationObserved } from '@microstax/contracts/propagation';
import type { RouteTable } from '@microstax/model/route-table';
import { expect, test } from 'vitest';
import { call } from '../testing/calls.ts';
import { EchoClient, startGrpcInstance } from '../testing/grpc.ts';
import { startInstance } from '../testing/instances.ts';
import { aRouter, type TestRouter } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

// entry → a → b → v: the overlay `feat` runs a, which drops the context, and v. What a sends leaves through the listener of
// feat, which stamps it; b is inherited, passes it on at the listener of shop, and v of feat is reached (protocol 26).

const probe = 'c'.repeat(32);
const services = ['a', 'b', 'v'] as const;
type Hop = {
  readonly run: (env: string, service: string, next: Next | undefined) => Promise<AsyncDisposable & { port: number }>;
  readonly ask: (port: number) => Promise<string>;
};
/** Calls the next service at the listener of an environment, with what came or with nothing. */
type Next = { readonly listener: number; readonly keeps: boolean };

const overHttp: Hop = {
  run: (env, service, next) =>
    startInstance(`${env}/${service}`, async ({ headers: { baggage } }, outgoing) => {
      const headers = next?.keeps && baggage !== undefined ? { baggage } : {};
      const behind = next ? ` > ${(await call(next.listener, { headers })).body}` : '';
      outgoing.end(`${env}/${service}${behind}`);
    }),
  ask: async (port) => (await call(port, { headers: { baggage: `msx-env=feat,msx-probe=${probe}` } })).body,
};

const overGrpc: Hop = {
  run: (env, service, next) =>
    startGrpcInstance(service, {
      one: ({ metadata }, done) => {
        if (next === undefined) return done(null, `${env}/${service}`);
        const sent = new Metadata();
        const [baggage] = metadata.get('baggage');
        if (next.keeps && baggage !== undefined) sent.set('baggage', baggage);
        const client = new EchoClient(next.listener);
        client.one('.', sent).then(
          (behind) => {
            client.close();
            done(null, `${env}/${service} > ${behind}`);
          },
          (error) => done(error),
        );
      },
    }),
  ask: async (port) => {
    const metadata = new Metadata();
    metadata.set('baggage', `msx-env=feat,msx-probe=${probe}`);
    using client = new EchoClient(port);
    return await client.one('.', metadata);
  },
};

for (const [protocol, hop] of [
  ['http', overHttp],
  ['grpc', overGrpc],
] as const)
  test(`what a local service sends without a context over ${protocol} is stamped, and reaches the overlay further on`, async () => {
    await using owned = new AsyncDisposableStack();
    const router: TestRouter = owned.use(aRouter());
    const said: PropagationObserved[] = [];
    router.routing.probes.sayTo((observed) => said.push(observed));
    const listen = (env: string, service: string): Promise<number> => router.listen(env, service, protocol);
    const listeners = { a: await listen('shop', 'a'), v: await listen('shop', 'v'), b: await listen('feat', 'b') };
    const run = async (env: string, service: string, next?: Next): Promise<number> =>
      owned.use(await hop.run(env, service, next)).port;
    const ports = {
      shop: { b: [await run('shop', 'b', { listener: listeners.v, keeps: true })], v: [await run('shop', 'v')] },
      feat: { a: [await run('feat', 'a', { listener: listeners.b, keeps: false })], v: [await run('feat', 'v')] },
    };
    const all = (table: RouteTable): RouteTable => ({
      ...table,
      records: table.records.map((record) => ({ ...record, ports: [{ name: 'http', protocol }] })),
    });
    router.put(all(aTable('shop', { records: record('shop', 'shop'), running: ports.shop })));
    router.put(all(aTable('feat', { root: 'shop', records: record('feat', 'shop'), running: ports.feat })));

    expect(await hop.ask(listeners.a)).toBe('feat/a > shop/b > feat/v');
    const requests = said.filter((one) => one.kind === 'request');
    expect(requests.map(({ service, context, stamped }) => [service, context, stamped])).toEqual([
      ['a', 'feat', false],
      ['b', null, true],
      ['v', 'feat', false],
    ]);
  });

function record(env: string, root: string): Record<string, string> {
  return Object.fromEntries(services.map((service) => [service, service === 'b' ? root : env]));
}
