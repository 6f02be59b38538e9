import { expect, test } from 'vitest';
import type { KubeObject } from './kube-object.ts';
import { lastWordsOf, workloadVerdict } from './workload-verdict.ts';

function deployment(status: object, replicas = 2): KubeObject {
  const metadata = { name: 'web', namespace: 'shop', generation: 3 };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas }, status };
}

function pod(status: object): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-a', namespace: 'shop' }, status };
}

function waiting(reason: string, more: object = {}): KubeObject {
  const state = { waiting: { reason, message: 'as the kubelet says' } };
  return pod({ containerStatuses: [{ name: 'web', state, ...more }] });
}

function event(reason: string, message: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, reason, message };
}

const full = { observedGeneration: 3, updatedReplicas: 2, availableReplicas: 2, replicas: 2 };
const verdictOf = (workload: KubeObject, pods: readonly KubeObject[] = [], events: readonly KubeObject[] = []) =>
  workloadVerdict({ workload, pods, events });

test('a Deployment is ready once all of what was applied last is there, and nothing else', () => {
  expect(verdictOf(deployment(full))).toEqual({ kind: 'ready' });
  expect(verdictOf(deployment({ ...full, observedGeneration: 2 }))).toMatchObject({ kind: 'waiting' });
  expect(verdictOf(deployment({ ...full, replicas: 3 }))).toMatchObject({ kind: 'waiting' });
  expect(verdictOf(deployment({ ...full, updatedReplicas: 1 }))).toMatchObject({ kind: 'waiting' });
  expect(verdictOf(deployment({ observedGeneration: 3 }, 0))).toEqual({ kind: 'ready' });
});

test('a StatefulSet is ready once its revision is the one that runs', () => {
  const status = { observedGeneration: 3, updateRevision: 'b', currentRevision: 'b', readyReplicas: 1 };
  const set = (part: object): KubeObject => ({ ...deployment({ ...status, ...part }, 1), kind: 'StatefulSet' });
  expect(verdictOf(set({}))).toEqual({ kind: 'ready' });
  expect(verdictOf(set({ currentRevision: 'a' }))).toMatchObject({ kind: 'waiting' });
  expect(verdictOf(set({ readyReplicas: 0 }))).toMatchObject({ kind: 'waiting' });
});

test.each([
  ['ErrImagePull', 'correct the image'],
  ['ImagePullBackOff', 'correct the image'],
  ['CreateContainerConfigError', 'make what it refers to in namespace shop'],
  ['CrashLoopBackOff', 'read its log: kubectl -n shop logs web-a --previous'],
])('%s names the pod, the message and what to do', (reason, next) => {
  const more = { lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } };
  const verdict = verdictOf(deployment({}), [waiting(reason, more)]);
  expect(verdict).toMatchObject({ kind: 'blocked', object: 'Pod shop/web-a', code: reason });
  expect(verdict).toMatchObject({
    message: expect.stringContaining('as the kubelet says'),
    next: expect.stringContaining(next),
  });
  if (reason === 'CrashLoopBackOff')
    expect(verdict).toMatchObject({ message: expect.stringContaining('OOMKilled, exit code 137') });
});

test('what refuses pods before they are there is told by the condition, or by the events where there is none', () => {
  const message = 'pods "web-a" is forbidden: exceeded quota: tight, requested: pods=1';
  const condition = { conditions: [{ type: 'ReplicaFailure', status: 'True', message }] };
  expect(verdictOf(deployment(condition))).toMatchObject({ code: 'QuotaExceeded', message });
  const set = { ...deployment({}, 1), kind: 'StatefulSet' } as const;
  expect(verdictOf(set, [], [event('FailedCreate', message)])).toMatchObject({ code: 'QuotaExceeded' });
  const security = 'pods "web-a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true';
  expect(verdictOf(set, [], [event('FailedCreate', security)])).toMatchObject({ code: 'PodSecurity' });
});

test('a pod without a node may get one, so it is waited for, with the reason', () => {
  const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes: insufficient memory' }];
  expect(verdictOf(deployment({ observedGeneration: 3 }), [pod({ conditions })])).toEqual({
    ...{ kind: 'waiting', because: 'Pod shop/web-a has no node: 0/3 nodes: insufficient memory' },
  });
});

test('lastWordsOf() says each thing once, the newest last', () => {
  const events = [event('Pulling', 'a'), event('Failed', 'b'), event('Failed', 'b'), event('BackOff', 'c')];
  expect(lastWordsOf(events, 2)).toEqual(['Failed: b', 'BackOff: c']);
});
