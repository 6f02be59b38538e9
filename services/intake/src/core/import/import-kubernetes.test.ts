import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideText } from '../testing/decide-text.ts';
import { edgesIn, importedKubernetes, kubernetesReply, serviceIn } from './testing/import-text.ts';

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      serviceAccountName: web
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 }
      initContainers:
        - { name: migrate, image: acme/migrate, command: [/migrate], args: [--up], env: [{ name: MODE, value: fast }] }
        - { name: other, image: acme/other, command: [/other], env: [{ name: ONLY, value: here }] }
      containers:
        - name: main
          image: acme/web:1
          command: [/bin/web]
          args: ["--cart=cart.shop.svc.cluster.local:80", "--mode=$(MODE)"]
          ports: [{ containerPort: 8080, name: http }]
          env:
            - { name: MODE, value: fast }
            - { name: CART, value: "http://cart/v1" }
            - { name: LEVEL, valueFrom: { configMapKeyRef: { name: settings, key: level } } }
            - { name: DB, valueFrom: { secretKeyRef: { name: db, key: password } } }
            - { name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
          envFrom: [{ secretRef: { name: keys } }]
          resources: { limits: { cpu: 500m, memory: 128Mi } }
          readinessProbe: { httpGet: { path: /ok, port: http, httpHeaders: [{ name: X-A, value: b }] }, periodSeconds: 5 }
          securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: conf, mountPath: /etc/web }, { name: tmp, mountPath: /tmp }, { name: tls, mountPath: /tls, readOnly: true }]
        - { name: beside, image: acme/beside }
      volumes:
        - { name: conf, configMap: { name: settings, items: [{ key: level, path: level.txt }] } }
        - { name: tmp, emptyDir: {} }
        - { name: tls, secret: { secretName: web-tls } }
---
apiVersion: v1
kind: Secret
metadata: { name: keys }
data: { A_KEY: aHVudGVyMg== }
stringData: { B_KEY: hunter2 }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: settings }, data: { level: info, unused: x } }
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: front }, spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80, targetPort: http }] } }
  - { apiVersion: batch/v1, kind: Job, metadata: { name: once }, spec: { template: { spec: { containers: [] } } } }
`.replaceAll(/(metadata: \{ name: \w+)/g, '$1, namespace: shop');

const cart = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: cart-set, namespace: shop }
spec:
  serviceName: cart
  selector: { matchLabels: { app: cart } }
  template:
    metadata: { labels: { app: cart } }
    spec:
      containers:
        - { name: cart, image: acme/cart, ports: [{ containerPort: 7070 }], livenessProbe: { grpc: { port: 7070 } }, volumeMounts: [{ name: data, mountPath: /data }] }
  volumeClaimTemplates: [{ metadata: { name: data }, spec: { resources: { requests: { storage: 5Gi } } } }]
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { clusterIP: None, selector: { app: cart }, ports: [{ port: 80, targetPort: 7070 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: outside, namespace: shop }
spec: { rules: [{ host: shop.example.org, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: cart, port: { number: 80 } } } }] } }] }
`;

test('manifests become a Blueprint that intake accepts, with the fields of each service', () => {
  const found = importedKubernetes(web, cart);
  expect(decideText(found.blueprint)).toMatchObject({ kind: 'accepted' });
  expect(serviceIn(found, 'web')).toEqual({
    name: 'web',
    image: 'acme/web:1',
    command: ['/bin/web'],
    args: [`--cart=\${host.cart-set}:\${port.cart-set.grpc}`, '--mode=fast'],
    user: '1000:1000',
    security: { readOnlyRootFilesystem: true, fsGroup: 2000, capabilities: { drop: ['ALL'] } },
    ports: [{ name: 'http', containerPort: 8080, protocol: 'http' }],
    env: { MODE: 'fast', CART: `http://\${host.cart-set}/v1`, LEVEL: 'info' },
    secrets: [
      { name: 'a-key', envKey: 'A_KEY', ref: 'keys/A_KEY' },
      { name: 'b-key', envKey: 'B_KEY', ref: 'keys/B_KEY' },
      { name: 'db', envKey: 'DB', ref: 'db/password' },
    ],
    resources: { requests: { cpu: '500m', memory: '128Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
    replicas: 2,
    probes: { readiness: { http: { port: 8080, path: '/ok', headers: { 'X-A': 'b' } }, period: '5s' } },
    volumes: [
      { name: 'conf', mountPath: '/etc/web', type: 'config', files: { 'level.txt': 'info' } },
      { name: 'tmp', mountPath: '/tmp', type: 'empty' },
      { name: 'tls', mountPath: '/tls', type: 'secret', source: 'web-tls', readOnly: true },
    ],
    init: [{ name: 'migrate', type: 'command', image: 'acme/migrate', command: ['/migrate', '--up'] }],
    expose: true,
    dependsOn: [{ service: 'cart-set', port: 'grpc' }],
    labels: { app: 'web' },
  });
  expect(serviceIn(found, 'cart-set')).toMatchObject({
    stateful: true,
    expose: true,
    ports: [{ name: 'grpc', containerPort: 7070, protocol: 'grpc' }],
    volumes: [{ name: 'data', mountPath: '/data', type: 'pvc', size: '5Gi' }],
  });
});

test('a Service leads from its name and port to the workload and port that it selects', () => {
  const found = importedKubernetes(web, cart);
  expect(edgesIn(found)).toEqual(['web cart-set:grpc grpc']);
  expect(found.report.edges[0]?.evidence.map(({ kind, where, address }) => `${kind} ${where} ${address}`)).toEqual([
    'environment CART cart:80',
    'argument cart cart.shop.svc.cluster.local:80',
  ]);
  expect(found.report.edges[0]?.protocolBecause).toBe('its liveness probe asks it by grpc');
});

test('a Secret is referred to, and what it holds is said nowhere', () => {
  const said = JSON.stringify(importedKubernetes(web, cart));
  expect(said).not.toMatch(/hunter2|aHVudGVyMg/);
});

test('what has no counterpart is listed with its reason: kinds, fields, containers beside the first, steps of their own', () => {
  const { report } = importedKubernetes(web, cart);
  const reasons = new Map(report.listed.map(({ field, reason }) => [field, reason]));
  expect(reasons.get('Job/once')).toContain('a service runs on');
  expect(reasons.get('Secret/keys.data')).toContain('never read');
  expect(reasons.get('ConfigMap/settings.data.unused')).toBe('a Blueprint has no such field');
  expect(reasons.get('Deployment/web.spec.template.spec.containers.1')).toContain('one container');
  expect(reasons.get('Deployment/web.spec.template.spec.initContainers.1')).toContain('has others');
  expect(reasons.get('Deployment/web.spec.template.spec.serviceAccountName')).toBe('a Blueprint has no such field');
  expect(reasons.get('Deployment/web.spec.template.spec.containers.0.env.4')).toContain('only where it runs');
  expect(report.counts.fieldsRead).toBe(report.counts.carried + report.counts.listed);
});

test('an application is called like the namespace that it is in, unless it is told otherwise', () => {
  const { report } = importedKubernetes(web);
  expect(report.name).toBe('shop');
});

test('workloads of one name in two namespaces are refused: one environment has one of each', () => {
  const other = cart.replaceAll('namespace: shop', 'namespace: other');
  expect(kubernetesReply(cart, other)).toMatchObject({ kind: 'refused', findings: [{ code: 'duplicate-service' }] });
});

test('a Service that selects nothing is said, and its address dangles', () => {
  const { report } = importedKubernetes(
    `${web.replace('http://cart/v1', 'http://gone/v1').replace('--cart=cart', '--cart=gone')}---\n{ apiVersion: v1, kind: Service, metadata: { name: gone, namespace: shop }, spec: { selector: { app: gone }, ports: [{ port: 80 }] } }\n`,
  );
  expect(report.unknown).toMatchObject([{ field: 'Service/gone' }]);
  expect(report.dangling.map(({ host }) => host)).toEqual(['gone', 'gone.shop.svc.cluster.local']);
});

test('no manifest makes an import throw, whatever is cut out of it or put into it', () => {
  const text = `${web}---\n${cart}`;
  const change = fc.record({
    from: fc.nat(text.length),
    length: fc.nat(40),
    put: fc.constantFrom('', '[', '{', '}', ': ', '\n', '- ', 'null', '0', '"', '$(MODE)', '$', '*a', '&a ', '!x '),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const broken = changes.reduce(
        (sofar, { from, length, put }) => sofar.slice(0, from) + put + sofar.slice(from + length),
        text,
      );
      const reply = kubernetesReply(broken);
      if (reply.kind === 'refused')
        expect(reply.findings.every(({ position }) => position?.file !== undefined)).toBe(true);
      if (reply.kind === 'imported')
        expect(reply.report.counts.carried + reply.report.counts.listed).toBe(reply.report.counts.fieldsRead);
    }),
    { numRuns: 60 },
  );
});
