import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideText } from '../testing/decide-text.ts';
import { composeBlueprint } from './import-compose.ts';
import { composeReply, edgesIn, importedCompose, sayingsOf, serviceIn } from './testing/import-text.ts';

const shop = `
name: my-shop
services:
  web:
    image: acme/web:1
    entrypoint: ["/bin/web"]
    command: --port 80 --name "the shop"
    working_dir: /srv
    user: "1000:1000"
    ports: ["80:8080", "9000-9001:9000-9001", "53:53/udp"]
    environment:
      CART_URL: http://cart:7070/v1
      ORDERS_HOST: orders
      ORDERS_PORT: 5000
      TOPIC: orders
    depends_on: [cart]
    restart: always
    labels: { team: front }
  cart:
    image: acme/cart:1
    expose: ["7070"]
    environment: ["STORE=redis://store"]
    healthcheck: { test: [CMD, wget, "http://localhost:7070/ok"], interval: 5s, timeout: 2s, retries: 3, start_period: 20s }
    deploy: { replicas: 2, resources: { limits: { cpus: "0.5", memory: 300M }, reservations: { memory: 64m } } }
  orders:
    image: acme/orders
    ports: [5000]
    read_only: true
    cap_drop: [ALL]
    tmpfs: /tmp
    logging: { driver: json-file, options: { max-size: 5m } }
  store:
    image: redis
    volumes: [data:/data, "./redis.conf:/etc/redis.conf:ro"]
volumes: { data: {} }
`;

test('a Compose file becomes a Blueprint that intake accepts, with the fields of each service', () => {
  const found = importedCompose(shop);
  expect(decideText(found.blueprint)).toMatchObject({ kind: 'accepted', findings: [] });
  expect(serviceIn(found, 'web')).toEqual({
    name: 'web',
    image: 'acme/web:1',
    command: ['/bin/web'],
    args: ['--port', '80', '--name', 'the shop'],
    workingDir: '/srv',
    user: '1000:1000',
    ports: [
      { name: 'tcp-8080', containerPort: 8080, protocol: 'tcp' },
      { name: 'tcp-9000', containerPort: 9000, protocol: 'tcp' },
      { name: 'tcp-9001', containerPort: 9001, protocol: 'tcp' },
      { name: 'udp', containerPort: 53, protocol: 'udp' },
    ],
    env: {
      CART_URL: `http://\${host.cart}:\${port.cart.http}/v1`,
      ORDERS_HOST: `\${host.orders}`,
      ORDERS_PORT: `\${port.orders.tcp}`,
      TOPIC: 'orders',
    },
    expose: true,
    dependsOn: [
      { service: 'cart', port: 'http' },
      { service: 'orders', port: 'tcp' },
    ],
    labels: { team: 'front' },
  });
  expect(serviceIn(found, 'cart')).toMatchObject({
    resources: { requests: { cpu: '500m', memory: '64Mi' }, limits: { cpu: '500m', memory: '300Mi' } },
    replicas: 2,
    probes: {
      readiness: { exec: { command: ['wget', 'http://localhost:7070/ok'] }, period: '5s', timeout: '2s', failures: 7 },
    },
  });
  expect(serviceIn(found, 'orders')).toMatchObject({
    security: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    volumes: [{ name: 'tmp', mountPath: '/tmp', type: 'empty' }],
  });
  expect(serviceIn(found, 'store')).toMatchObject({
    stateful: true,
    volumes: [
      { name: 'data', mountPath: '/data', type: 'pvc' },
      { name: 'etc-redis-conf', mountPath: '/etc/redis.conf', type: 'bind', source: './redis.conf', readOnly: true },
    ],
  });
});

test('edges come from depends_on and from addresses, each with its evidence', () => {
  const { report } = importedCompose(shop);
  expect(report.edges).toMatchObject([
    {
      from: 'cart',
      to: 'store',
      port: 'tcp',
      declared: false,
      evidence: [{ kind: 'environment', where: 'STORE', address: 'store:6379' }],
    },
    {
      from: 'web',
      to: 'cart',
      port: 'http',
      protocolBecause: 'the health check asks it by http',
      declared: true,
      evidence: [
        { kind: 'environment', where: 'CART_URL', address: 'cart:7070', at: { file: 'compose.yaml', line: 12 } },
        { kind: 'depends_on', at: { file: 'compose.yaml', line: 16 } },
      ],
    },
    {
      from: 'web',
      to: 'orders',
      port: 'tcp',
      protocolBecause: null,
      evidence: [{ where: 'ORDERS_HOST', address: 'orders:5000' }],
    },
  ]);
  expect(report.counts).toMatchObject({ services: 4, edges: 3, declared: 1, inferred: 2, dangling: 0 });
});

test('what is not known is said: a word that is only a name, a port of an address, a protocol without evidence', () => {
  const { report } = importedCompose(shop);
  expect(report.unknown.map(({ service, field }) => `${service} ${field}`)).toEqual([
    'store ports.6379',
    'web environment TOPIC',
    'orders ports.tcp',
  ]);
});

test('every field is carried or listed, with its place', () => {
  const { report } = importedCompose(shop);
  const { fieldsRead, carried, listed } = report.counts;
  expect(carried + listed).toBe(fieldsRead);
  expect(report.listed).toMatchObject([
    { service: 'orders', field: 'services.orders.logging', at: { file: 'compose.yaml', line: 31 } },
  ]);
});

test('an address of something that is not declared dangles, and becomes no service', () => {
  const { report } = importedCompose(`
services:
  web:
    image: acme/web
    environment: { A: "http://gone:80", B: "db.example.org:5432", C: "http://localhost:1", D: "0.0.0.0:80" }
    depends_on: { maybe: { condition: service_started, required: false } }
`);
  expect(report.dangling.map(({ from, host }) => `${from} ${host}`)).toEqual(['web maybe', 'web gone']);
  expect(report.external.map(({ host }) => host)).toEqual(['db.example.org']);
  expect(report.services.map(({ name }) => name)).toEqual(['web']);
});

test('a secret is a reference in the Blueprint, one for all who were given the same, and its value is said nowhere', () => {
  const found = importedCompose(
    `
services:
  db: { image: postgres, environment: [POSTGRES_PASSWORD] }
  web: { image: acme/web, environment: { DATABASE_PASSWORD: "\${POSTGRES_PASSWORD}", API_TOKEN: t0psecret, DB: "postgres://me:hunter2@db/x", USE_TOKEN: "true" } }
`,
    { env: 'POSTGRES_PASSWORD=hunter2' },
  );
  expect(serviceIn(found, 'db').secrets).toEqual([
    { name: 'postgres-password', envKey: 'POSTGRES_PASSWORD', ref: 'shop/POSTGRES_PASSWORD' },
  ]);
  expect(serviceIn(found, 'web')).toMatchObject({
    env: { USE_TOKEN: 'true' },
    secrets: [
      { envKey: 'DATABASE_PASSWORD', ref: 'shop/POSTGRES_PASSWORD' },
      { envKey: 'API_TOKEN', ref: 'shop/web.API_TOKEN' },
      { envKey: 'DB', ref: 'shop/web.DB' },
    ],
  });
  expect(edgesIn(found)).toEqual(['web db:tcp tcp']);
  expect(JSON.stringify(found)).not.toMatch(/hunter2|t0psecret/);
});

test('a command, a check, a label or a file that holds a secret is listed, not carried', () => {
  const found = importedCompose(
    `
services:
  web:
    image: acme/web
    entrypoint: [run, --password, hunter2]
    command: serve --token=\${TOKEN}
    healthcheck: { test: "mysqladmin ping -p\${DB_PASSWORD}" }
    labels: { admin.password: hunter2, team: front }
    configs: [settings]
    environment: { LEVEL: info }
  api: { image: acme/api, command: [serve, --tls-key=/etc/tls.key, --token-file, /run/token] }
configs: { settings: { content: "password=\${DB_PASSWORD}" } }
`,
    { env: 'TOKEN=t0psecret\nDB_PASSWORD=hunter2' },
  );
  expect(serviceIn(found, 'web')).toEqual({
    name: 'web',
    image: 'acme/web',
    env: { LEVEL: 'info' },
    labels: { team: 'front' },
  });
  expect(serviceIn(found, 'api').args).toEqual(['serve', '--tls-key=/etc/tls.key', '--token-file', '/run/token']);
  expect(found.report.listed.map(({ field }) => field)).toEqual([
    'services.web.entrypoint',
    'services.web.command',
    'services.web.healthcheck',
    'services.web.labels.admin.password',
    'services.web.configs.0',
    'configs.settings',
  ]);
  expect(JSON.stringify(found)).not.toMatch(/hunter2|t0psecret/);
});

test('files are merged: maps by key, ports and volumes one of each, commands replaced, !reset and !override obeyed', () => {
  const found = importedCompose(
    `
services:
  web:
    image: acme/web:1
    command: [a, b]
    ports: ["80:80", "81:81"]
    environment: { A: "1", B: "2" }
    volumes: ["./one:/data", "./two:/other"]
    labels: { a: "1" }
    tmpfs: /tmp
    cap_add: [CHOWN]
`,
    {
      over: [
        `
services:
  web:
    image: acme/web:2
    command: [c]
    ports: ["81:81", "82:82"]
    environment: [B=3, C=4]
    volumes: ["./three:/data"]
    labels: !override { b: "2" }
    tmpfs: !reset null
    cap_add: [CHOWN, SETUID]
`,
      ],
    },
  );
  expect(serviceIn(found, 'web')).toMatchObject({
    image: 'acme/web:2',
    args: ['c'],
    env: { A: '1', B: '3', C: '4' },
    labels: { b: '2' },
    security: { capabilities: { add: ['CHOWN', 'SETUID'] } },
  });
  expect(
    (serviceIn(found, 'web').ports as { containerPort: number }[]).map(({ containerPort }) => containerPort),
  ).toEqual([80, 81, 82]);
  expect((serviceIn(found, 'web').volumes as { source: string }[]).map(({ source }) => source)).toEqual([
    './two',
    './three',
  ]);
});

test('anchors, merge keys and extends of this and of another file are followed', () => {
  const found = importedCompose(
    `
x-base: &base { image: acme/base, environment: &env { A: "1" } }
services:
  web: { <<: *base, environment: { <<: *env, B: "2" } }
  api: { extends: web, environment: { C: "3" } }
  job: { extends: { file: ./common/services.yaml, service: worker } }
`,
    { others: { 'common/services.yaml': 'services: { worker: { image: acme/worker, volumes: ["./w:/w"] } }' } },
  );
  expect(serviceIn(found, 'web')).toMatchObject({ image: 'acme/base', env: { A: '1', B: '2' } });
  expect(serviceIn(found, 'api')).toMatchObject({ image: 'acme/base', env: { A: '1', B: '2', C: '3' } });
  expect(serviceIn(found, 'job')).toMatchObject({ image: 'acme/worker', volumes: [{ source: './common/w' }] });
});

test('included files bring their services, and files that are named and not given are asked for', () => {
  const text =
    'include: [{ path: db/compose.yaml, env_file: db/.env }]\nservices: { web: { image: acme/web, env_file: [web.env] } }\n';
  expect(composeReply(text)).toEqual({ kind: 'needs files', paths: ['db/.env', 'db/compose.yaml'] });
  const found = importedCompose(text, {
    others: {
      'db/compose.yaml': `services: { db: { image: "postgres:\${VERSION}" } }`,
      'db/.env': 'VERSION=18',
      'web.env': 'A=1\nB=2 # two',
    },
  });
  expect(serviceIn(found, 'db').image).toBe('postgres:18');
  expect(serviceIn(found, 'web').env).toEqual({ A: '1', B: '2' });
});

test('an included service that the including file declares too is refused', () => {
  const reply = composeReply('include: [a.yaml]\nservices: { web: { image: acme/web } }\n', {
    others: { 'a.yaml': 'services: { web: { image: acme/other } }' },
  });
  expect(sayingsOf(reply)).toEqual(['include-conflict services.web a.yaml:1:13']);
});

test('env files are found from the folder of the file that extends, includes or begins', () => {
  const reply = composeBlueprint({
    name: 'shop',
    files: [
      {
        path: 'a/compose.yaml',
        text: 'include: [sub/c.yaml]\nservices: { web: { image: w, env_file: w.env, volumes: ["./w:/w"] } }\n',
      },
      { path: 'b/over.yaml', text: 'services: { web: { volumes: ["./v:/v"], env_file: v.env } }\n' },
    ],
    envFiles: [],
    others: [
      { path: 'a/sub/c.yaml', text: 'services: { api: { image: a, env_file: [a.env], volumes: ["./d:/d"] } }\n' },
    ],
  });
  expect(reply).toEqual({ kind: 'needs files', paths: ['a/sub/a.env', 'a/v.env', 'a/w.env'] });
});

test('files that include themselves are refused, however often they do', () => {
  const reply = composeReply('include: [compose.yaml, compose.yaml]\nservices: { web: { image: acme/web } }\n');
  expect(reply.kind).toBe('refused');
  expect(sayingsOf(reply)[0]).toBe('include-too-deep include.0 compose.yaml:1:11');
});

test('services of a profile are left out until it is asked for, and that is said', () => {
  const text = 'services: { web: { image: acme/web }, debug: { image: acme/debug, profiles: [tools] } }\n';
  const { report } = importedCompose(text);
  expect(report.services.map(({ name }) => name)).toEqual(['web']);
  expect(report.unknown).toMatchObject([{ service: 'debug', reason: 'left out: it belongs to "tools"' }]);
  expect(importedCompose(text, { profiles: ['tools'] }).report.services).toHaveLength(2);
});

test('names that are none of ours are changed, said, and found by their old name', () => {
  const found = importedCompose(
    'services: { Web_App: { image: acme/web, environment: { DB: "db_1:5432" } }, db_1: { image: postgres } }\n',
  );
  expect(found.report.services).toMatchObject([
    { name: 'db-1', writtenAs: 'db_1' },
    { name: 'web-app', writtenAs: 'Web_App' },
  ]);
  expect(edgesIn(found)).toEqual(['web-app db-1:tcp tcp']);
});

test('a number is one port: the second transport of it is listed', () => {
  const found = importedCompose(
    'services: { dns: { image: acme/dns, ports: ["53:53/udp", "53:53", { target: 54, name: x }, { target: 55, name: x }] } }\n',
  );
  expect(serviceIn(found, 'dns').ports).toEqual([
    { name: 'udp', containerPort: 53, protocol: 'udp' },
    { name: 'x', containerPort: 54, protocol: 'tcp' },
    { name: 'tcp', containerPort: 55, protocol: 'tcp' },
  ]);
  expect(found.report.listed).toMatchObject([{ field: 'services.dns.ports.1' }]);
  expect(decideText(found.blueprint)).toMatchObject({ kind: 'accepted' });
});

test('a mistyped key is a warning with the word that was meant', () => {
  expect(importedCompose('services: { web: { image: acme/web, prots: [80] } }\n').findings).toMatchObject([
    { severity: 'warning', code: 'unknown-key', subject: 'services.web.prots', next: 'did you mean "ports"?' },
  ]);
});

test('a value that a Blueprint would fill in itself is listed, not carried', () => {
  const { report, blueprint } = importedCompose(
    `services: { web: { image: acme/web, environment: { A: "$\${host.web}", B: "$\${HOME}" } } }\n`,
  );
  expect(report.listed).toMatchObject([{ field: 'services.web.environment.A' }]);
  expect(blueprint).toContain(`B: \${HOME}`);
});

test('the Blueprint begins with its schema and is the same to the byte whatever the order of services', () => {
  const services = ['a', 'b', 'c', 'd'];
  const text = (order: readonly string[]): string =>
    `services:\n${order.map((name, index) => `  ${name}: { image: "acme/${name}", environment: { NEXT: "http://${services[(services.indexOf(name) + 1) % 4]}:80" }, x-order: ${index} }\n`).join('')}`;
  const first = importedCompose(text(services)).blueprint;
  expect(first).toMatch(/^# yaml-language-server: \$schema=/);
  fc.assert(
    fc.property(fc.shuffledSubarray(services, { minLength: 4 }), (order) => {
      expect(importedCompose(text(order)).blueprint).toBe(first);
    }),
    { numRuns: 50 },
  );
});

test('no text makes an import throw, and no finding is without a place', () => {
  const pieces = fc.constantFrom(
    'services:',
    '\n  web:',
    '\n    image: a',
    ' [',
    ' {',
    ']',
    '}',
    '\n    ports: ["1:2"]',
    '${',
    '}',
    '$',
    '&a',
    '*a',
    '<<: *a',
    '!reset',
    ': ',
    '\n',
    '- ',
    '"',
    "'",
    'kind: Deployment',
    'environment: [A=b:1]',
    '\n    depends_on: [web]',
    '\u0007',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      const reply = composeReply(parts.join(''));
      if (reply.kind === 'refused') expect(reply.findings.every(({ position }) => position !== undefined)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
