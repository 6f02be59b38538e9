import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { envoyProgram } from '../artifacts/cached-program.ts';
import { debianProgram } from '../artifacts/debian-program.ts';
import { startProgram } from '../artifacts/live-program.ts';
import { askOnce, freePort, startUpstreams, type Upstreams } from '../artifacts/live-upstreams.ts';
import { answers, expectObedience, family, type Headers, textOf, upstreamNames } from '../artifacts/obedience.ts';

/** nginx, haproxy and Envoy themselves, with the artifacts as msx prints them, answer live requests as the records say. */

const folder = mkdtempSync(join(tmpdir(), 'msx-obeyed-'));
let upstreams: Upstreams;
beforeAll(async () => {
  upstreams = await startUpstreams(upstreamNames);
});
afterAll(async () => {
  await upstreams?.[Symbol.asyncDispose]();
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
      ${upstreamNames.map((name) => `upstream ${name} { server 127.0.0.1:${upstreams.ports.get(name)}; }`).join('\n')}
      include ${own}/routes.conf;
      server { listen 127.0.0.1:${port}; ${locations.join('\n')} }
    }`,
  );
  const args = ['-p', own, '-c', join(own, 'nginx.conf'), '-e', join(own, 'error.log')];
  await using nginx = startProgram(program.path, args, program);
  await expectObedience(byPath(port), nginx.said);
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
${upstreamNames.map((name) => `backend ${name}\n  server one 127.0.0.1:${upstreams.ports.get(name)}`).join('\n')}
`,
  );
  await using haproxy = startProgram(program.path, ['-db', '-f', join(own, 'haproxy.cfg')], program);
  await expectObedience(byPath(port), haproxy.said);
});

test('Envoy obeys its route configurations, and its mirror is sent what belongs to the environment', async ({
  skip,
}) => {
  const path = await envoyProgram();
  if (path === undefined) return skip();
  const own = folderOf('envoy');
  const routes = JSON.parse(textOf('envoy', { ...family, mirror: 'feat' })) as { readonly name: string }[];
  const ports = new Map<string, number>();
  for (const { name } of routes) ports.set(name, await freePort());
  const at = (port: number | undefined) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const bootstrap = {
    static_resources: {
      listeners: routes.map((route) => ({
        name: route.name,
        address: at(ports.get(route.name)),
        ...throughHttp(route),
      })),
      clusters: upstreamNames.map((name) => ({
        name,
        load_assignment: {
          cluster_name: name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: at(upstreams.ports.get(name)) } }] }],
        },
      })),
    },
  };
  write(own, 'envoy.json', JSON.stringify(bootstrap));
  const args = ['-c', join(own, 'envoy.json'), '--disable-hot-restart', '--concurrency', '1', '-l', 'warning'];
  await using envoy = startProgram(path, args, { cwd: own });
  const ask = async (service: string, headers: Headers) => {
    const { status, body } = await askOnce(ports.get(`shop.${service}.http`) ?? 0, '/', headers);
    return status === 200 ? body : `denied.${status}.${body}`;
  };
  await expectObedience(ask, envoy.said);

  const tags = ['own', 'other', 'mirror', 'unknown'];
  const values = [{}, { baggage: 'msx-env=shop' }, { baggage: 'msx-env=Feat.1' }, { baggage: 'msx-env=nobody' }];
  for (const [index, headers] of values.entries()) await ask('pay-2', { ...headers, 'x-tag': tags[index] ?? '' });
  await ask('pay-2', { 'x-tag': 'last' });
  // A copy is sent behind its request's back, so the last one is waited for.
  const atMirror = () => upstreams.tagsSeenBy('http.pay-2.feat').filter((tag) => tag !== '');
  await eventually(async () => {
    expect(atMirror()).toContain('last');
    return true;
  });
  expect(atMirror().toSorted()).toEqual(['last', 'mirror', 'other', 'own']);
  expect(upstreams.tagsSeenBy('http.pay-2.shop').filter((tag) => tag !== '')).toEqual(['own', 'other', 'last']);
});

function throughHttp(route: { readonly name: string }): object {
  const type = 'type.googleapis.com/envoy.extensions.filters';
  const router = { name: 'router', typed_config: { '@type': `${type}.http.router.v3.Router` } };
  const manager = {
    '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: route.name,
    route_config: route,
    http_filters: [router],
  };
  return { filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] };
}

/** The service is named by the path; a denial by status 421 and a header. */
function byPath(port: number): (service: string, headers: Headers) => Promise<string> {
  return async (service, headers) => {
    const answer = await askOnce(port, `/${service}`, headers);
    return answer.status === 421 ? String(answer.headers['x-denied']) : answer.body;
  };
}

function folderOf(name: string): string {
  const own = join(folder, name);
  mkdirSync(own);
  return own;
}

function write(own: string, name: string, text: string): void {
  writeFileSync(join(own, name), text);
}
