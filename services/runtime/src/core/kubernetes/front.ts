// Fronting what is not ours: callers of a Service reach the router, which knows their context, and need not change.
//
// Owns: what is done to the Service and what is put beside it, and the exact way back. Does not own: when, and who does it.
//
// 1. The Service is changed by one patch with its resourceVersion: selector and the way back in the same write, so there is
//    no moment in which one is there without the other.
// 2. The router's addresses are there before the Service loses its own, and go after the Service has got them back: at
//    every moment somebody answers, and by the records.
// 3. The selector is replaced, not removed: a Service without one keeps the endpoints that it had.
// 4. Whatever the selector has become meanwhile besides our word in it is newer than what we kept, and stays.
import { sortedBy } from '@microstax/model/compare';
import type { KubeObject, ObjectName } from './kube-object.ts';
import { component, fieldManager, managedBy, marks } from './marks.ts';
import { objectName } from './object-name.ts';

/** Where the router listens for a service of an environment: on these addresses, by the name of the Service's port. */
export type Front = {
  readonly addresses: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
};

export type FrontStep =
  | { readonly kind: 'apply'; readonly object: KubeObject }
  | { readonly kind: 'patch'; readonly name: ObjectName; readonly patch: MergePatch }
  /** Until the Service has ready endpoints of its own selector. */
  | { readonly kind: 'await-endpoints'; readonly name: ObjectName }
  | { readonly kind: 'delete'; readonly name: ObjectName };

export type MergePatch = {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly annotations: Readonly<Record<string, string | null>>;
  };
  readonly spec?: { readonly selector: Readonly<Record<string, string | null>> };
};

export type Fronting =
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'steps'; readonly steps: readonly FrontStep[] };

/** No pod has this label, so the Service has no endpoints but those that are put beside it. */
export const frontedWord = 'microstax.dev/fronted';
/** The selector as it was, on the Service itself. */
export const wayBack = 'microstax.dev/front-selector';

/**
 * What leads callers of an observed Service to the router. Done twice it changes nothing. A Service whose selector
 * somebody else manages is refused, unless the baseline says `routing.front: allow`.
 */
export function frontSteps(service: KubeObject, front: Front, { allowed }: { readonly allowed: boolean }): Fronting {
  const refused = whyNot(service, front, allowed);
  if (refused !== undefined) return { kind: 'refused', reason: `Cannot front Service ${inFull(service)}: ${refused}` };
  const slices = frontSlices(service, front).map((object): FrontStep => ({ kind: 'apply', object }));
  return { kind: 'steps', steps: [...slices, ...patched(service, selectorOf(service), true)] };
}

/** What gives an observed Service its endpoints back, and takes away what was put beside it; also where only a part was. */
export function backSteps(service: KubeObject): readonly FrontStep[] {
  const kept = keptSelector(service);
  const { [frontedWord]: _, ...newer } = selectorOf(service);
  const selector = Object.keys(newer).length > 0 || kept === undefined ? newer : kept;
  const name = { kind: 'Service', ...placeOf(service) } as const;
  return [
    ...patched(service, selector, false),
    { kind: 'await-endpoints', name },
    ...sliceFamilies.map(
      ({ suffix }): FrontStep => ({
        kind: 'delete',
        name: { ...placeOf(service), kind: 'EndpointSlice', name: sliceName(service, suffix) },
      }),
    ),
  ];
}

/** Whether callers of the Service reach the router. */
export function isFronted(service: KubeObject): boolean {
  return frontedWord in selectorOf(service);
}

/** The one write: from the selector as observed to the fronted one, or to the one that it shall have. */
function patched(service: KubeObject, selector: Selector, fronted: boolean): readonly FrontStep[] {
  const now = selectorOf(service);
  const isAnnotated = annotationsOf(service)[wayBack] !== undefined;
  if (fronted ? isFronted(service) && isAnnotated : !isFronted(service) && !isAnnotated) return [];
  const next: Selector = fronted ? { [frontedWord]: 'true' } : selector;
  const gone = Object.keys(now).filter((key) => !(key in next));
  const { resourceVersion } = service.metadata;
  const patch: MergePatch = {
    metadata: {
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      annotations: { [wayBack]: fronted ? JSON.stringify(selector) : null },
    },
    spec: { selector: { ...Object.fromEntries(gone.map((key) => [key, null])), ...next } },
  };
  return [{ kind: 'patch', name: { kind: 'Service', ...placeOf(service) }, patch }];
}

function whyNot(service: KubeObject, { addresses, ports }: Front, allowed: boolean): string | undefined {
  const spec = specOf(service);
  if (isFronted(service) && keptSelector(service) === undefined)
    return `it is fronted and its annotation ${wayBack} cannot be read, so there is no way back; next: write its selector anew`;
  if (spec.type === 'ExternalName' || spec.clusterIP === 'None' || Object.keys(selectorOf(service)).length === 0)
    return 'only a Service with a selector and a cluster address can be; its callers are planned local';
  if (addresses.length === 0) return 'the router has no address that pods reach';
  const closed = (spec.ports ?? []).filter(({ name = '' }) => ports[name] === undefined).map(({ name = '' }) => name);
  if (closed.length > 0)
    return `the router does not listen for its port ${closed.join(', ')}; its callers are planned local`;
  const others = isFronted(service) ? [] : otherManagers(service);
  if (others.length > 0 && !allowed)
    return `its selector is managed by ${others.join(', ')}; next: say routing.front: allow in the baseline, or run its callers here`;
  return undefined;
}

type ManagedFields = { readonly manager?: string; readonly fieldsV1?: { readonly 'f:spec'?: object } };

/** Who manages the selector, besides us. */
function otherManagers(service: KubeObject): readonly string[] {
  const { managedFields = [] } = service.metadata as { readonly managedFields?: readonly ManagedFields[] };
  const managers = managedFields
    .filter(({ fieldsV1 }) => 'f:selector' in (fieldsV1?.['f:spec'] ?? {}))
    .map(({ manager = 'unknown' }) => manager);
  return [...new Set(managers)].filter((manager) => manager !== fieldManager).sort();
}

const sliceFamilies = [
  { type: 'IPv4', suffix: 'front', isOne: (address: string) => !address.includes(':') },
  { type: 'IPv6', suffix: 'front-v6', isOne: (address: string) => address.includes(':') },
] as const;

/** The router's addresses beside a Service: one slice for each family of them. */
export function frontSlices(service: KubeObject, front: Front): readonly KubeObject[] {
  return sliceFamilies
    .filter(({ isOne }) => front.addresses.some(isOne))
    .map((family) => sliceObject(service, front, family));
}

function sliceObject(
  service: KubeObject,
  { addresses, ports }: Front,
  { type, suffix, isOne }: (typeof sliceFamilies)[number],
): KubeObject {
  const { namespace, name } = placeOf(service);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName(service, suffix),
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        [managedBy]: fieldManager,
        [component]: 'front',
        [marks.service]: name,
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'microstax.dev',
      },
    },
    addressType: type,
    endpoints: sortedBy(addresses.filter(isOne), (one) => one).map((address) => ({
      addresses: [address],
      conditions: { ready: true },
    })),
    ports: (specOf(service).ports ?? []).map(({ name: port = '', protocol = 'TCP' }) => ({
      name: port,
      port: ports[port],
      protocol,
    })),
  };
}

type Selector = Readonly<Record<string, string>>;
type ServiceFields = {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly selector?: Selector;
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string }[];
};

function specOf(service: KubeObject): ServiceFields {
  return (service.spec ?? {}) as ServiceFields;
}

function selectorOf(service: KubeObject): Selector {
  return specOf(service).selector ?? {};
}

function annotationsOf({ metadata }: KubeObject): Readonly<Record<string, string>> {
  return metadata.annotations ?? {};
}

/** Anybody can write an annotation, so it is read with care. */
function keptSelector(service: KubeObject): Selector | undefined {
  try {
    const kept: unknown = JSON.parse(annotationsOf(service)[wayBack] ?? '');
    if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return undefined;
    return Object.values(kept).every((value) => typeof value === 'string') ? (kept as Selector) : undefined;
  } catch {
    return undefined;
  }
}

function placeOf({ metadata: { name, namespace } }: KubeObject) {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function inFull({ metadata: { name, namespace } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function sliceName(service: KubeObject, suffix: string): string {
  return objectName(`${service.metadata.name}-${suffix}`);
}
