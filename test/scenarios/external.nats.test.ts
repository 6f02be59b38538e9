import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';
import { asYaml, baseline, type EchoAnswer, echo, overlay } from './blueprints.ts';
import { type House, startHouse } from './house.ts';

/** A service that an address outside provides: for a root that declares nothing of it, and for an overlay alone. */

let house: House;
const servers: Server[] = [];
const tcpServers: TcpServer[] = [];

async function outside(name: string): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ from: name, host: request.headers.host, path: request.url }));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  for (const server of [...servers, ...tcpServers]) server.close();
});

test('requests go to the address of the root, or of the overlay that maps it elsewhere; nothing is held for it', async () => {
  const [first, second] = [await outside('first'), await outside('second')];
  const mapped = (external: string) => ({ providers: { pay: { external } } });
  const shop = baseline('shop', [echo('web', { upstreams: ['pay'], expose: true })]);
  const shopReady = await house.apply('shop', asYaml({ ...shop, routing: { mode: 'baseline', ...mapped(first) } }));
  expect(shopReady.activation, shopReady.activation?.reason).toMatchObject({ outcome: 'ready' });
  const feat = overlay('feat', 'shop', []);
  const featReady = await house.apply(
    'feat',
    asYaml({ ...feat, routing: { mode: 'overlay', baselineId: 'shop', ...mapped(second) } }),
  );
  expect(featReady.activation, featReady.activation?.reason).toMatchObject({ outcome: 'ready' });
  const heir = await house.apply('heir', asYaml(overlay('heir', 'feat', [])));
  expect(heir.activation, heir.activation?.reason).toMatchObject({ outcome: 'ready' });

  const url = `${await house.urlOf('shop', 'web')}/`;
  for (const [context, from, host] of [
    [undefined, 'first', first],
    ['feat', 'second', second],
    ['heir', 'second', second],
  ] as const) {
    const { body } = await askHttp<EchoAnswer>(url, context);
    expect({ context, calls: body.calls }).toMatchObject({ context, calls: [{ from, host }] });
  }

  const { records } = await house.artifact<Resolution>('feat', 'resolution');
  expect(records.find(({ service }) => service === 'pay')).toMatchObject({
    tier: 'explicit provider mapping',
    target: { external: { host: '127.0.0.1', portName: 'http', protocol: 'http' } },
  });
  const { placements } = await house.artifact<Plan>('feat', 'plan');
  expect(placements.find(({ service }) => service === 'pay')).toMatchObject({ kind: 'external' });
});

test('raw TCP goes to the address as it is, and an address where nobody listens is a refusal that names it', async () => {
  const outsideMail = createTcpServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  tcpServers.push(outsideMail);
  await once(outsideMail, 'listening');
  const mail = `127.0.0.1:${(outsideMail.address() as AddressInfo).port}`;
  const nobody = createTcpServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const gone = `127.0.0.1:${(nobody.address() as AddressInfo).port}`;
  nobody.close();
  await once(nobody, 'close');
  const providers = { mail: { external: mail, protocol: 'tcp', port: 'smtp' }, pay: { external: gone } };
  const web = { ...echo('web'), dependsOn: ['mail', 'pay'] };
  const { activation } = await house.apply(
    'post',
    asYaml({ ...baseline('post', [web]), routing: { mode: 'baseline', providers } }),
  );
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });

  const { hostname, port } = new URL(await house.urlOf('post', 'mail', 'smtp'));
  const socket = connect(Number(port), hostname);
  socket.end('HELO outside');
  const [said] = (await once(socket, 'data')) as [Buffer];
  expect(said.toString()).toBe('HELO outside');
  const refused = await askHttp<{ readonly code?: string }>(`${await house.urlOf('post', 'pay', 'http')}/`);
  expect(refused.status).toBe(502);
  expect(JSON.stringify(refused.body)).toContain(gone);
});
