/** What a cluster remembers of us, so these words never change. */
export const fieldManager = 'microstax';

export const marks = {
  organisation: 'microstax.dev/organisation',
  environment: 'microstax.dev/environment',
  service: 'microstax.dev/service',
  instance: 'microstax.dev/instance',
  /** An instance's full id, where a label cannot hold it. */
  instanceId: 'microstax.dev/instance-id',
  runDigest: 'microstax.dev/run-digest',
  /** The digest of what was applied, so that the same is not applied again. */
  digest: 'microstax.dev/digest',
  /** Protocol 23. */
  epoch: 'microstax.dev/epoch',
  /** What a quota was made for. */
  room: 'microstax.dev/room',
  /** A StatefulSet that was put to rest for its successor: that one's instance id. */
  restsFor: 'microstax.dev/rests-for',
} as const;

export const managedBy = 'app.kubernetes.io/managed-by';
export const component = 'app.kubernetes.io/component';

/** What an object of ours is for; pruning goes by it. */
export type Component =
  | 'environment'
  | 'workload'
  | 'address'
  | 'files'
  | 'volume'
  | 'secret'
  | 'name'
  | 'opening'
  | 'front';

/** Where an environment lives in the cluster. */
export type Place = { readonly org: string; readonly env: string; readonly namespace: string };

/** The recommended labels and ours. */
export function labelsOf(place: Place, part: Component, service?: string): Record<string, string> {
  return {
    [managedBy]: fieldManager,
    'app.kubernetes.io/part-of': labelValue(place.env),
    [component]: part,
    [marks.organisation]: labelValue(place.org),
    [marks.environment]: labelValue(place.env),
    ...(service === undefined
      ? {}
      : {
          'app.kubernetes.io/name': service,
          'app.kubernetes.io/instance': `${labelValue(place.env)}-${service}`.slice(0, 63).replace(/-+$/, ''),
          [marks.service]: service,
        }),
  };
}

/** A token may begin or end with a dash, a label's value may not. */
function labelValue(token: string): string {
  return /^[a-z0-9]/.test(token) && /[a-z0-9]$/.test(token) ? token : `x${token}x`;
}
