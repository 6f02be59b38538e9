import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileRouting, routingPreface } from '@microstax/model/routing-artifacts/compile-routing';
import { routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import { type RoutingFormat, writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { readContext } from '@microstax/propagate/context';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DebianProgram, debianProgram } from '../artifacts/debian-program.ts';
import { aFamily, headerName } from '../artifacts/family.ts';

/** nginx and haproxy themselves, with the artifacts as msx prints them, answer live requests as the records say. */

const [shop, feat] = aFamily({
  unknown: 'deny',
  environments: [
    { env: 'shop', parent: null, value: 'shop', does: { catalog: 'runs', 'pay-2': 'runs', web: 'runs' } },
    { env: 'feat', parent: 'shop', value: 'Feat.1', does: { catalog: 'inherits', 'pay-2': 'runs', web: 'denies' } },
  ],
});
if (shop === undefined || feat === undefined) throw new Error('a family has its environments');
const family = { listener: shop, others: [feat] };
const answers = routeAnswers(family);
const upstreams = ['http.catalog.shop', 'http.pay-2.shop', 'http.web.shop', 'http.pay-2.feat'];
const header = headerName.toLowerCase();
const cases: readonly Readonly<Record<string, string>>[] = [
  {},
  ...['shop', 'Feat.1', 'feat.1', 'FeatX1', 'nobody', 'a b', 'x/y'].flatMap((value) => [
    { [header]: value },
    { baggage: `msx-env=${value}` },
    { baggage: `a=1;b, msx-env = ${value};p=2 ,my-msx-env=z` },
    { tracestate: `v=1, msx-env=${value},w=2` },
    { baggage: 'a=1', [header]: value, tracestate: 'msx-env=shop' },
    { baggage: `msx-env=${value}`, [header]: 'Feat.1' },
  ]),
];

const folder = mkdtempSync(join(tmpdir(), 'msx-obeyed-'));
const started: ChildProcess[] = [];
const servers: Server[] = [];
const ports = new Map<string, number>();

beforeAll(async () => {
  for (const name of upstreams) {
    const server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    ports.set(name, (server.address() as AddressInfo).port);
  }
});
afterAll(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('nginx obeys its maps', async ({ skip }) => {
  const own = folderOf('nginx');
  const program = await debianProgram(own, ['nginx'], 'nginx');
  if (program === undefined) return skip();
  const port = await freePort();
  const locations = answers.map(({ service }) => {
    const to = `$msx_to_${service.replaceAll('-', '_')}__http`;
    return `location /${service} {
      if (${to} ~ "^denied\\.[0-9]+\\.") { add_header x-denied ${to} always; return 421; }
      proxy_pass http://${to};
    }`;
  });
  write(own, 'routes.conf', textOf('nginx'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`);
  write(
    own,
    'nginx.conf',
    `daemon off; master_process off; pid ${own}/nginx.pid; error_log ${own}/error.log;
    events {}
    http {
      access_log off; ${paths.join(' ')}
      map_hash_bucket_size 256; variables_hash_bucket_size 256;
      ${upstreams.map((name) => `upstream ${name} { server 127.0.0.1:${ports.get(name)}; }`).join('\n')}
      include ${own}/routes.conf;
      server { listen 127.0.0.1:${port}; ${locations.join('\n')} }
    }`,
  );
  await expectObedience(start(program, ['-p', own, '-c', join(own, 'nginx.conf'), '-e', join(own, 'error.log')]), port);
});

test('haproxy obeys its map', async ({ skip }) => {
  const own = folderOf('haproxy');
  const packages = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'];
  const program = await debianProgram(own, packages, 'haproxy');
  if (program === undefined) return skip();
  const port = await freePort();
  const text = textOf('haproxy');
  const map = join(own, 'routes.map');
  write(own, 'routes.map', text);
  const lines = [...text.matchAll(/^# (http-request .*)$/gm)].map(([, line]) => `  ${line}`);
  const to = 'var(txn.msx_to)';
  write(
    own,
    'haproxy.cfg',
    `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend all
  bind 127.0.0.1:${port}
${lines.join('\n')}
  http-request set-var(txn.msx_port) path,field(2,/),concat(.http=)
  http-request set-var(txn.msx_to) var(txn.msx_port),concat(,txn.msx_context),map_str(${map})
  http-request set-var(txn.msx_to) var(txn.msx_port),concat(*),map_str(${map}) unless { ${to} -m found }
  http-request return status 421 hdr x-denied "%[${to}]" if { ${to} -m beg denied. }
  use_backend %[${to}]
${upstreams.map((name) => `backend ${name}\n  server one 127.0.0.1:${ports.get(name)}`).join('\n')}
`,
  );
  await expectObedience(start(program, ['-db', '-f', join(own, 'haproxy.cfg')]), port);
});

/** Every service with every case: the instance that the record names, or the denial. */
async function expectObedience(said: () => string, port: number): Promise<void> {
  await eventually(async () => {
    const first = await ask(port, '/catalog', {}).catch((error: unknown) => `${String(error)}; it said: ${said()}`);
    expect(first).toBe('http.catalog.shop');
    return true;
  });
  for (const { service, own, contexts, unknown } of answers)
    for (const headers of cases) {
      const context = readContext(headers, { headerName }).env;
      const known = contexts.find(({ value }) => value === context)?.answer;
      const answer = context === undefined ? own : (known ?? unknown);
      const wanted =
        answer.kind === 'target' ? `http.${answer.service}.${answer.env}` : `denied.${answer.status}.${answer.code}`;
      expect(await ask(port, `/${service}`, headers), `${service} ${JSON.stringify(headers)}`).toBe(wanted);
    }
}

function ask(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(response.statusCode === 421 ? String(response.headers['x-denied']) : body));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Starts a proxy; the function tells what it has said, for whoever waits in vain. */
function start({ path, env }: DebianProgram, args: readonly string[]): () => string {
  const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
    });
  return () => text;
}

function textOf(format: RoutingFormat): string {
  return writeRouting(format, compileRouting(format, family), routingPreface(format, headerName));
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function folderOf(name: string): string {
  const own = join(folder, name);
  mkdirSync(own);
  return own;
}

function write(own: string, name: string, text: string): void {
  writeFileSync(join(own, name), text);
}
