import { apiVersionOf, type KubeKind, type KubeObject } from './kube-object.ts';
import { type Component, fieldManager, labelsOf, managedBy, marks, type Place } from './marks.ts';

/** What the instances of an environment ask for together. */
export type Sum = { readonly pods: number; readonly cpuMillicores: number; readonly memoryBytes: number };

export type PlaceOptions = {
  /** Requests come from pods of this namespace: the router, a gateway. */
  readonly gatewayNamespace: string;
  /** Where a router outside of the cluster asks from. */
  readonly routerCidrs: readonly string[];
};

/** The namespace of an environment. Pods that are not `restricted` are refused in it. */
export function namespaceObject({ org, env, namespace }: Place): KubeObject {
  const level = { enforce: 'restricted', 'enforce-version': 'latest', warn: 'restricted' };
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespace,
      labels: {
        ...labelsOf({ org, env, namespace }, 'environment'),
        ...Object.fromEntries(
          Object.entries(level).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]),
        ),
      },
    },
  };
}

/** The kinds of what is made in a namespace: what pruning looks through. */
export const memberKinds = [
  'ConfigMap',
  'Deployment',
  'LimitRange',
  'NetworkPolicy',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'Secret',
  'Service',
  'StatefulSet',
] as const satisfies readonly KubeKind[];

/** Says which kinds an environment's objects are of, for whoever looks for all of them. */
export function inventoryObject(place: Place): KubeObject {
  const groups = memberKinds.map((kind) => {
    const [group] = apiVersionOf(kind).split('/');
    return group === 'v1' ? kind : `${kind}.${group}`;
  });
  return object(place, 'ConfigMap', 'microstax-inventory', 'environment', {
    data: { organisation: place.org, environment: place.env, kinds: groups.join(',') },
  });
}

/**
 * What every environment's namespace has before anything starts in it: bounds, and a network in which only what is opened
 * is open. A quota on requests refuses pods that state none, so the defaults come with it.
 */
export function placeObjects(place: Place, sum: Sum, options: PlaceOptions): readonly KubeObject[] {
  return [
    inventoryObject(place),
    object(place, 'LimitRange', 'environment', 'environment', {
      spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '50m', memory: '64Mi' } }] },
    }),
    quotaObject(place, sum),
    policy(place, 'default-deny', { podSelector: {}, policyTypes: ['Egress', 'Ingress'] }),
    policy(place, 'inside', {
      podSelector: {},
      policyTypes: ['Egress', 'Ingress'],
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: [{ to: [{ podSelector: {} }] }],
    }),
    policy(place, 'dns', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
          ports: [
            { port: 53, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
        },
      ],
    }),
    policy(place, 'router', {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': options.gatewayNamespace } } },
            ...options.routerCidrs.map((cidr) => ({ ipBlock: { cidr } })),
          ],
        },
      ],
    }),
  ];
}

const besideEachOther = 2; // what replaces an instance runs beside it until routes have moved
const besidesMillicores = 1_000;
const besidesBytes = 1_024 ** 3;
const besidesPods = 10;

/** Room for the plan's instances twice, and for a few pods that are on their way out. */
export function quotaObject(place: Place, sum: Sum): KubeObject {
  const { pods, cpuMillicores, memoryBytes } = sum;
  const quota = object(place, 'ResourceQuota', 'environment', 'environment', {
    spec: {
      hard: {
        pods: String(besideEachOther * pods + besidesPods),
        'requests.cpu': `${besideEachOther * cpuMillicores + besidesMillicores}m`,
        'requests.memory': String(besideEachOther * memoryBytes + besidesBytes),
        'services.loadbalancers': '0',
        'services.nodeports': '0',
      },
    },
  });
  return { ...quota, metadata: { ...quota.metadata, annotations: { [marks.room]: JSON.stringify(sum) } } };
}

/** Lets environments of the organisation in to a service that may be shared: the provider's side of an inherited dependency. */
export function providingPolicy(
  place: Place,
  service: string,
  ports: readonly { readonly port: number; readonly protocol: string }[],
): KubeObject {
  return policy(
    place,
    `provide-${service}`,
    {
      podSelector: { matchLabels: { [marks.service]: service } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            {
              namespaceSelector: {
                matchLabels: {
                  [managedBy]: fieldManager,
                  [marks.organisation]: labelsOf(place, 'opening')[marks.organisation] ?? place.org,
                },
              },
            },
          ],
          ports,
        },
      ],
    },
    { part: 'opening', service },
  );
}

function policy(
  place: Place,
  name: string,
  spec: object,
  { part = 'environment', service }: { readonly part?: Component; readonly service?: string } = {},
): KubeObject {
  return object(place, 'NetworkPolicy', name, part, { spec }, service);
}

/** An object of an environment's namespace. */
export function object(
  place: Place,
  kind: KubeKind,
  name: string,
  part: Component,
  content: Readonly<Record<string, unknown>>,
  service?: string,
): KubeObject {
  return {
    apiVersion: apiVersionOf(kind),
    kind,
    metadata: { name, namespace: place.namespace, labels: labelsOf(place, part, service) },
    ...content,
  };
}
