import { type BadInput, bad } from '../../testing/bad-input.ts';

const head = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n';
const web = (fields: string): string =>
  `${head}spec:\n  template:\n    spec:\n      containers:\n        - name: main\n          image: acme/web\n          ${fields}\n`;
const at = (field: string): string => `Deployment/web.spec.template.spec.containers.0.${field}`;
const also = (document: string): string => `${web('')}---\n${document}`;

/** Manifests that must be refused; `«` marks where. */
export const badManifests: readonly BadInput[] = [
  bad(
    'a template that nobody filled in',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { replicas: {«{ .Values.count }} }\n',
    'bad-key',
    'manifests-1.yaml',
  ),
  bad('a tab', 'kind: Deployment\n«\tspec: {}\n', 'syntax', 'manifests-1.yaml'),
  bad('a text in place of a manifest', '«hello\n', 'wrong-type', 'manifests-1.yaml'),
  bad('a manifest without kind', '«apiVersion: v1\nmetadata: { name: web }\n', 'missing-key', 'kind'),
  bad('a Compose file', '«services: { web: { image: acme/web } }\n', 'other-format', 'kind'),
  bad('a manifest without apiVersion', '«kind: Service\nmetadata: { name: web }\n', 'missing-key', 'Service'),
  bad(
    'a manifest without a name',
    'apiVersion: v1\nkind: Service\nmetadata: «{ labels: {} }\n',
    'missing-key',
    'Service.metadata.name',
  ),
  bad('nothing that runs', '«apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n', 'no-services', 'manifests'),
  bad('a list of texts', 'apiVersion: v1\nkind: List\nitems: [«web]\n', 'wrong-type', 'List.items'),
  bad(
    'no container',
    `${head}spec: { template: { spec: «{ containers: [] } } }\n`,
    'no-container',
    'Deployment/web.spec.template.spec.containers',
  ),
  bad(
    'containers that are a map',
    `${head}spec: { template: { spec: { containers: «{ main: {} } } } }\n`,
    'wrong-type',
    'Deployment/web.spec.template.spec.containers',
  ),
  bad(
    'a container without image',
    `${head}spec: { template: { spec: { containers: [«{ name: main }] } } }\n`,
    'no-image',
    'Deployment/web.spec.template.spec.containers.0',
  ),
  bad(
    'an image that is none',
    `${head}spec: { template: { spec: { containers: [{ image: «"acme web" }] } } }\n`,
    'bad-image',
    at('image'),
  ),
  bad('a port without a number', web('ports: [«{ name: http }]'), 'missing-key', at('ports.0')),
  bad('a port beyond the last', web('ports: [{ containerPort: «70000 }]'), 'bad-value', at('ports.0.containerPort')),
  bad('a variable without a name', web('env: [«{ value: x }]'), 'missing-key', at('env.0')),
  bad('a variable that is a list', web('env: [{ name: A, value: «[x] }]'), 'wrong-type', at('env.0.value')),
  bad('variables that are a map', web('env: «{ A: x }'), 'wrong-type', at('env')),
  bad(
    'a reference without a key',
    web('env: [{ name: A, valueFrom: { secretKeyRef: «{ name: db } } }]'),
    'missing-key',
    at('env.0.valueFrom'),
  ),
  bad(
    'an amount of memory that is none',
    web('resources: { limits: { memory: «lots } }'),
    'bad-quantity',
    at('resources.limits.memory'),
  ),
  bad(
    'processors that are none',
    web('resources: { requests: { cpu: «half } }'),
    'bad-quantity',
    at('resources.requests.cpu'),
  ),
  bad('a probe of nothing', web('readinessProbe: «{ periodSeconds: 5 }'), 'bad-probe', at('readinessProbe')),
  bad(
    'a probe of a port that nobody declares',
    web('livenessProbe: { httpGet: { port: «health } }'),
    'unknown-port',
    at('livenessProbe.port'),
  ),
  bad(
    'a probe that waits for a word',
    web('startupProbe: { tcpSocket: { port: 80 }, periodSeconds: «soon }'),
    'bad-value',
    at('startupProbe.periodSeconds'),
  ),
  bad(
    'a mount of no volume',
    web('volumeMounts: [{ name: «data, mountPath: /data }]'),
    'unknown-volume',
    at('volumeMounts.0.name'),
  ),
  bad('a mount without a place', web('volumeMounts: [«{ name: data }]'), 'missing-key', at('volumeMounts.0')),
  bad(
    'a user that is a name',
    web('securityContext: { runAsUser: «nobody }'),
    'bad-value',
    at('securityContext.runAsUser'),
  ),
  bad(
    'a flag that is a word',
    web('securityContext: { privileged: «sometimes }'),
    'wrong-type',
    at('securityContext.privileged'),
  ),
  bad(
    'too many replicas',
    `${head}spec:\n  replicas: «101\n  template: { spec: { containers: [{ image: acme/web }] } }\n`,
    'bad-value',
    'Deployment/web.spec.replicas',
  ),
  bad(
    'two workloads of one name',
    also(`«${head}spec: { template: { spec: { containers: [{ image: acme/web }] } } }\n`),
    'duplicate-service',
    'Deployment/web',
  ),
  bad(
    'two ConfigMaps of one name',
    also(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n---\n«apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n',
    ),
    'duplicate-object',
    'ConfigMap/a',
  ),
  bad(
    'a Service without a port',
    `${head}spec:\n  template:\n    metadata: { labels: { app: web } }\n    spec: { containers: [{ image: acme/web }] }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { selector: { app: web }, ports: [«{ name: http }] }\n`,
    'missing-key',
    'Service/web.spec.ports.0',
  ),
];
