import type { KubeObject } from './kube-object.ts';
import { inWords, nameOf } from './kube-object.ts';

export type Verdict =
  /** As many pods as wanted, all of what was applied last. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting'; readonly because: string }
  /** It will not become ready by itself: which object, what the cluster says of it, what to do. */
  | {
      readonly kind: 'blocked';
      readonly object: string;
      readonly code: string;
      readonly message: string;
      readonly next: string;
    };

type Blocked = Extract<Verdict, { readonly kind: 'blocked' }>;

/**
 * How far a Deployment or StatefulSet has come. `events` are those of the workload and its pods, oldest first: a
 * StatefulSet says nowhere else why it has no pod.
 */
export function workloadVerdict(from: {
  readonly workload: KubeObject;
  readonly pods: readonly KubeObject[];
  readonly events: readonly KubeObject[];
}): Verdict {
  const { workload, pods, events } = from;
  if (isRolledOut(workload)) return { kind: 'ready' };
  const blocked = refusedPods(workload, pods, events) ?? pods.map(blockedPod).find((one) => one !== undefined);
  if (blocked !== undefined) return blocked;
  const pending = pods.map(waitsFor).find((one) => one !== undefined);
  if (pending !== undefined) return { kind: 'waiting', because: pending };
  const { observedGeneration = 0 } = statusOf(workload);
  if (Number(observedGeneration) < (workload.metadata.generation ?? 0))
    return { kind: 'waiting', because: 'the controllers of the cluster have not looked at it yet' };
  const { ready, wanted } = counts(workload);
  return { kind: 'waiting', because: `${ready} of ${wanted} pods are ready` };
}

/** The last things that the cluster said, for a person: `FailedCreate: exceeded quota …`. */
export function lastWordsOf(events: readonly KubeObject[], most: number): readonly string[] {
  const said = events.map(({ reason, message }) => `${String(reason)}: ${short(String(message))}`);
  return [...new Set(said)].slice(-most);
}

// `Available` alone is true for what was there before.
function isRolledOut(workload: KubeObject): boolean {
  const { generation = 0 } = workload.metadata;
  const { observedGeneration = 0, ...status } = statusOf(workload);
  if (Number(observedGeneration) < generation) return false;
  const { wanted } = counts(workload);
  const number = (key: string): number => Number(status[key] ?? 0);
  return workload.kind === 'StatefulSet'
    ? status.updateRevision === status.currentRevision && number('readyReplicas') === wanted
    : ['updatedReplicas', 'availableReplicas', 'replicas'].every((key) => number(key) === wanted);
}

function counts(workload: KubeObject): { readonly ready: number; readonly wanted: number } {
  const { replicas = 1 } = (workload.spec ?? {}) as { replicas?: number };
  return { ready: Number(statusOf(workload).readyReplicas ?? 0), wanted: replicas };
}

/** Quota and pod security refuse pods before they are there. */
function refusedPods(
  workload: KubeObject,
  pods: readonly KubeObject[],
  events: readonly KubeObject[],
): Blocked | undefined {
  const condition = conditionsOf(workload).find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  const { wanted } = counts(workload);
  const failed = pods.length < wanted ? events.findLast(({ reason }) => reason === 'FailedCreate') : undefined;
  const message = condition?.message ?? (failed === undefined ? undefined : String(failed.message));
  if (message === undefined) return undefined;
  const about = { kind: 'blocked', object: inWords(nameOf(workload)), message: short(message) } as const;
  const namespace = workload.metadata.namespace ?? '';
  if (/exceeded quota/.test(message)) {
    return {
      ...about,
      code: 'QuotaExceeded',
      next: `ask for less, or raise it: kubectl -n ${namespace} describe resourcequota`,
    };
  }
  if (/violates PodSecurity/.test(message))
    return { ...about, code: 'PodSecurity', next: 'leave out what the restricted standard does not allow' };
  return {
    ...about,
    code: 'FailedCreate',
    next: `kubectl -n ${namespace} describe ${inWords(nameOf(workload)).replace(/ .*\//, ' ')}`,
  };
}

type ContainerStatus = {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: Ended; readonly terminated?: Ended };
  readonly lastState?: { readonly terminated?: Ended };
};
type Ended = { readonly reason?: string; readonly message?: string; readonly exitCode?: number };

const imageReasons = [
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
];
const configReasons = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

function blockedPod(pod: KubeObject): Blocked | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const { namespace = '', name } = pod.metadata;
  for (const status of containersOf(pod)) {
    const { reason = '', message = '' } = status.state?.waiting ?? {};
    const about = { kind: 'blocked', object: inWords(nameOf(pod)), code: reason } as const;
    const said = `container "${status.name}": ${reason}${message === '' ? '' : `: ${short(message)}`}`;
    if (imageReasons.includes(reason))
      return {
        ...about,
        message: said,
        next: 'correct the image, or let the namespace pull it with a secret of the registry',
      };
    if (configReasons.includes(reason))
      return { ...about, message: said, next: `make what it refers to in namespace ${namespace}, then: msx retry` };
    if (reason === 'CrashLoopBackOff') {
      const last = status.lastState?.terminated;
      const how =
        last === undefined ? '' : `; it ended with ${last.reason ?? 'an error'}, exit code ${last.exitCode ?? '?'}`;
      const next = `read its log: kubectl -n ${namespace} logs ${name} --previous`;
      return { ...about, message: `${said}${how}`, next };
    }
  }
  return undefined;
}

function waitsFor(pod: KubeObject): string | undefined {
  const scheduled = conditionsOf(pod).find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return `${inWords(nameOf(pod))} has no node: ${short(scheduled.message ?? '')}`;
  const idle = containersOf(pod).find(({ state }) => state?.waiting !== undefined);
  if (idle !== undefined)
    return `${inWords(nameOf(pod))}: container "${idle.name}": ${idle.state?.waiting?.reason ?? 'waiting'}`;
  const ready = conditionsOf(pod).find(({ type }) => type === 'Ready');
  return ready?.status === 'False'
    ? `${inWords(nameOf(pod))} runs and is not ready: ${short(ready.message ?? '')}`
    : undefined;
}

function containersOf(pod: KubeObject): readonly ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [] } = statusOf(pod) as {
    initContainerStatuses?: readonly ContainerStatus[];
    containerStatuses?: readonly ContainerStatus[];
  };
  return [...initContainerStatuses, ...containerStatuses];
}

type Condition = { readonly type: string; readonly status: string; readonly message?: string };

function conditionsOf(object: KubeObject): readonly Condition[] {
  return (statusOf(object).conditions ?? []) as readonly Condition[];
}

function statusOf({ status }: KubeObject): Readonly<Record<string, unknown>> {
  return (status ?? {}) as Readonly<Record<string, unknown>>;
}

const messageCharsMax = 300;

function short(text: string): string {
  return text.length > messageCharsMax ? `${text.slice(0, messageCharsMax)}…` : text;
}
