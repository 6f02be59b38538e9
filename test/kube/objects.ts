import type { Json } from '@microstax/model/canonical-json';
import { eventually } from '@microstax/testkit/eventually';
import { expect } from 'vitest';
import { type ApiAnswer, type Cluster, type KubeObject, pathOf } from './cluster.ts';

/** Applies an object and says what the API made of it; whoever applies it expects that it is taken. */
export async function taken(cluster: Cluster, object: KubeObject): Promise<ApiAnswer> {
  const answer = await cluster.apply(object);
  expect([200, 201], `${object.kind} ${object.metadata.name}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
  return answer;
}

export async function read(
  cluster: Cluster,
  object: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>,
): Promise<Json> {
  const { status, body } = await cluster.call('GET', pathOf(object as KubeObject));
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

/** The Gateway that the artifacts name. */
export function gatewayOn(port: number): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'microstax', namespace: 'microstax' },
    spec: {
      gatewayClassName: 'kubebox',
      listeners: [{ name: 'web', port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
    },
  };
}

/** What a provider's namespace has to say before routes of another one may lead there. */
export function allowsRoutesOf(from: string, namespace: string): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ReferenceGrant',
    metadata: { name: `routes-of-${from}`, namespace },
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: from }],
      to: [{ group: '', kind: 'Service' }],
    },
  };
}

export function aNamespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Settles when every pod of a Deployment is available. */
export async function available(cluster: Cluster, deployment: KubeObject): Promise<void> {
  await eventually(
    async () => {
      const { status } = (await read(cluster, deployment)) as unknown as { status?: { availableReplicas?: number } };
      expect(status?.availableReplicas ?? 0, deployment.metadata.name).toBeGreaterThan(0);
      return true;
    },
    { timeoutMs: 120_000, intervalMs: 250 },
  );
}
