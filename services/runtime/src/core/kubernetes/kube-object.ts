/** An object of the Kubernetes API as it is sent and answered: plain JSON. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: KubeKind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
  };
  readonly [field: string]: unknown;
};

export type KubeKind = keyof typeof kinds;

/** The kinds that we make or look at: API version, the word in a path, and whether they live in a namespace. */
const kinds = {
  ConfigMap: ['v1', 'configmaps', true],
  Deployment: ['apps/v1', 'deployments', true],
  EndpointSlice: ['discovery.k8s.io/v1', 'endpointslices', true],
  Event: ['v1', 'events', true],
  LimitRange: ['v1', 'limitranges', true],
  Namespace: ['v1', 'namespaces', false],
  NetworkPolicy: ['networking.k8s.io/v1', 'networkpolicies', true],
  PersistentVolumeClaim: ['v1', 'persistentvolumeclaims', true],
  Pod: ['v1', 'pods', true],
  ReplicaSet: ['apps/v1', 'replicasets', true],
  ResourceQuota: ['v1', 'resourcequotas', true],
  Secret: ['v1', 'secrets', true],
  Service: ['v1', 'services', true],
  StatefulSet: ['apps/v1', 'statefulsets', true],
} as const;

export type ObjectName = { readonly kind: KubeKind; readonly namespace?: string; readonly name: string };

export function apiVersionOf(kind: KubeKind): string {
  return kinds[kind][0];
}

/** The path of a collection: of one namespace, or of the whole cluster. */
export function collectionPath(kind: KubeKind, namespace?: string): string {
  const [apiVersion, word, namespaced] = kinds[kind];
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespaced && namespace !== undefined
    ? `${base}/namespaces/${encodeURIComponent(namespace)}/${word}`
    : `${base}/${word}`;
}

export function objectPath({ kind, namespace, name }: ObjectName): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

export function nameOf({ kind, metadata: { namespace, name } }: KubeObject): ObjectName {
  return { kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** As people read it: `Deployment shop/web-0123456789ab-1`. */
export function inWords({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
