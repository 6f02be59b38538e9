import { kubernetesObjects } from '@microstax/model/routing-artifacts/kubernetes';
import { routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import { expect, test } from 'vitest';
import { aNaming, anImage, calls } from '../testing/kube-shop.ts';
import type { KubeObject } from './kube-object.ts';
import { inWords, nameOf } from './kube-object.ts';
import { objectsOf } from './objects-of.ts';

const options = { gatewayNamespace: 'microstax', routerCidrs: [] };

const feat = aNaming({
  env: 'feat',
  local: [
    anImage('web', {
      dependsOn: [calls('store'), calls('catalog'), calls('gone')],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a Blueprint's words, filled by the driver
      env: { CATALOG: 'http://${host.catalog}:${port.catalog.http}', PRICE: '$(OTHER)' },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a Blueprint's words, filled by the driver
      args: ['--port', '${port.http}'],
      command: ['/bin/web'],
      replicas: 2,
      user: '1000:2000',
      secrets: [
        { name: 'session', envKey: 'SESSION', source: 'auto-generated' },
        { name: 'mail', envKey: 'MAIL', source: 'reference', secret: 'smtp', key: 'password' },
      ],
      resources: {
        cpuMillicores: 250,
        memoryBytes: 1024 ** 3,
        storageBytes: 0,
        limits: { memoryBytes: 2 * 1024 ** 3 },
      },
      probes: {
        startup: {
          check: { kind: 'tcp', port: 'http' },
          initialDelaySeconds: 0,
          periodSeconds: 1,
          timeoutSeconds: 1,
          failures: 30,
          successes: 1,
        },
        liveness: {
          check: { kind: 'http', port: 'http', path: '/healthz', headers: { Accept: 'text/plain' } },
          initialDelaySeconds: 5,
          periodSeconds: 10,
          timeoutSeconds: 2,
          failures: 3,
          successes: 1,
        },
      },
      volumes: [
        { name: 'settings', mountPath: '/etc/web', type: 'config', readOnly: true, files: { 'web.toml': 'a = 1\n' } },
        { name: 'tmp', mountPath: '/tmp', type: 'empty', readOnly: false },
        { name: 'tls', mountPath: '/etc/tls', type: 'secret', readOnly: true, source: 'web-tls' },
      ],
    }),
    anImage('store', {
      stateful: true,
      sharing: 'deny',
      ports: [{ name: 'pg', containerPort: 5432, protocol: 'tcp' }],
    }),
  ],
  inherited: { from: 'shop', specs: [anImage('catalog'), anImage('unasked')] },
  denied: ['gone'],
});

function objects(): readonly KubeObject[] {
  const made = objectsOf(feat, options);
  if (made.kind === 'unknown') throw new Error(made.reason);
  return made.value;
}

test('objectsOf() is written as in its golden file', async () => {
  await expect(`${JSON.stringify(objects(), null, 2)}\n`).toMatchFileSnapshot('golden/feat.json.txt');
});

test('objectsOf() makes each object once, and gives the same bytes again', () => {
  const names = objects().map((one) => inWords(nameOf(one)));
  expect(new Set(names).size).toBe(names.length);
  expect(JSON.stringify(objects())).toBe(JSON.stringify(objects()));
});

test('bridges say what the routing artifacts say', () => {
  const answers = routeAnswers({ listener: feat, others: [] });
  const artifacts = answers
    .filter(({ service }) => service === 'catalog' || service === 'gone')
    .flatMap(kubernetesObjects);
  expect(artifacts.length).toBe(3);
  for (const artifact of artifacts as unknown as readonly KubeObject[]) {
    const { kind, metadata } = artifact;
    const own = objects().find((one) => one.kind === kind && one.metadata.name === metadata.name);
    expect(own).toMatchObject(artifact);
  }
});

test('what nobody here calls has no bridge, and a service that is not shared lets nobody in', () => {
  const names = objects().map(({ metadata }) => metadata.name);
  expect(names).not.toContain('unasked');
  expect(names).toContain('provide-web');
  expect(names).not.toContain('provide-store');
});

test('no pod can be refused as not restricted', () => {
  const pods = objects().filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  expect(pods.length).toBe(2);
  for (const { spec } of pods as unknown as readonly { spec: { template: { spec: Record<string, unknown> } } }[]) {
    expect(spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
    });
  }
});

test.each([
  ['no image', { image: undefined }, 'it has no image'],
  ['the user root', { user: '0' }, 'under a number that is not 0'],
  ['a user by name', { user: 'node' }, 'under a number that is not 0'],
  ['replicas of what keeps data', { stateful: true, replicas: 2 }, 'set replicas to 1'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a Blueprint's words, filled by the driver
  ['a name that stands for nothing', { args: ['${host.nobody}'] }, '"${host.nobody}" in argument 0'],
])('%s is refused before anything is made', (_, draft, reason) => {
  const { image, ...rest } = { image: 'docker.io/shop/web:1', ...draft };
  const { image: _image, ...web } = anImage('web', rest);
  const naming = aNaming({ env: 'feat', local: [image === undefined ? web : { ...web, image }] });
  expect(objectsOf(naming, options)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining(reason) });
});

test('no two volumes share a claim, whatever they and their services are called', () => {
  const volume = { mountPath: '/data', type: 'pvc', readOnly: false, sizeBytes: 1024 ** 2 } as const;
  const naming = aNaming({
    env: 'feat',
    local: [
      anImage('a-b', { volumes: [{ name: 'c', ...volume }] }),
      anImage('a', { volumes: [{ name: 'b-c', ...volume }] }),
    ],
  });
  const made = objectsOf(naming, options);
  const claims = made.kind === 'filled' ? made.value.filter(({ kind }) => kind === 'PersistentVolumeClaim') : [];
  expect(new Set(claims.map(({ metadata }) => metadata.name)).size).toBe(2);
});

test('an address outside is a name of its own, and a number beside it where it is one', () => {
  const spec = anImage('web', { dependsOn: [calls('mail'), calls('pay')] });
  const naming = aNaming({
    env: 'feat',
    local: [spec],
    inherited: { from: 'shop', specs: [anImage('mail'), anImage('pay')] },
  });
  const port = { portName: 'http', protocol: 'http' } as const;
  const outside: Readonly<Record<string, object>> = {
    mail: { external: { host: 'mail.example.com', port: 25, ...port } },
    pay: { external: { host: '192.0.2.7', port: 8443, ...port } },
  };
  const records = naming.resolution.records.map((record) => ({
    ...record,
    target: (outside[record.service] ?? record.target) as typeof record.target,
  }));
  const made = objectsOf({ ...naming, resolution: { ...naming.resolution, records } }, options);
  if (made.kind === 'unknown') throw new Error(made.reason);
  const about = made.value.filter(({ metadata }) => /mail|pay/.test(metadata.name));
  expect(about.map(nameOf).map(inWords).sort()).toEqual([
    'EndpointSlice feat/pay-http-8443',
    'NetworkPolicy feat/open-mail',
    'NetworkPolicy feat/open-pay',
    'Service feat/mail',
    'Service feat/pay',
  ]);
  const of = (kind: string, name: string) => about.find((one) => one.kind === kind && one.metadata.name === name);
  expect(of('Service', 'mail')?.spec).toMatchObject({ type: 'ExternalName', externalName: 'mail.example.com' });
  expect(of('Service', 'pay')?.spec).toEqual({ ports: [{ name: 'http', port: 8443, protocol: 'TCP' }] });
  expect(of('EndpointSlice', 'pay-http-8443')).toMatchObject({
    metadata: { labels: { 'kubernetes.io/service-name': 'pay', 'app.kubernetes.io/component': 'front' } },
    endpoints: [{ addresses: ['192.0.2.7'] }],
  });
});
