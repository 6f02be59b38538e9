import type { Clock } from '@microstax/service/clock';
import { inWords, type KubeObject, type ObjectName } from '../../core/kubernetes/kube-object.ts';
import { addressName, instanceSelector, workloadName } from '../../core/kubernetes/workload-objects.ts';
import { lastWordsOf, type Verdict, workloadVerdict } from '../../core/kubernetes/workload-verdict.ts';
import type { ReadyOutcome, ReadyRequest } from '../driver/driver.ts';
import { startupMs } from '../driver/probes.ts';
import { problem } from './fenced-objects.ts';
import type { KubeClient } from './kube-client.ts';

type Cluster = { readonly client: KubeClient; readonly clock: Clock; readonly namespace: string };

const pollMsMin = 100;
const pollMsMax = 1_000;
/** What blocks for so long will not go away by itself: a registry is asked again meanwhile, a secret may come. */
const blockedMsMax = 3_000;
const eventsMax = 3;

/**
 * Asks until an instance's pods are ready and behind its address, until the cluster says what stands in the way, or until
 * the time is over. Time during which the API is away does not count.
 */
export async function untilReady(request: ReadyRequest, cluster: Cluster): Promise<ReadyOutcome> {
  const { instance, spec, signal, timeoutMs } = request;
  const { clock, namespace } = cluster;
  const name = { ...workloadName(spec, instance.id), namespace };
  let leftMs = Math.max(timeoutMs, startupMs(spec));
  let pauseMs = pollMsMin;
  let blocked: { readonly code: string; readonly sinceMs: number } | undefined;
  for (let at = clock.monotonicMs(); ; ) {
    if (signal.aborted) return { kind: 'cancelled' };
    const look = await lookAt(name, request, cluster);
    const now = clock.monotonicMs();
    if (look.kind === 'refused') return { kind: 'failed', reason: look.reason, portTaken: false };
    if (look.kind === 'seen') {
      leftMs -= now - at;
      const { verdict } = look;
      if (verdict.kind === 'ready') return { kind: 'ready' };
      blocked = verdict.kind === 'blocked' ? keep(blocked, verdict.code, now) : undefined;
      const isStuck = blocked !== undefined && now - blocked.sinceMs >= blockedMsMax;
      if (isStuck || leftMs <= 0) return { kind: 'failed', reason: explained(look, name, request), portTaken: false };
    }
    at = now;
    await clock.delay(pauseMs, signal);
    pauseMs = Math.min(pollMsMax, pauseMs * 1.5);
  }
}

type Look =
  | { readonly kind: 'seen'; readonly verdict: Verdict; readonly events: readonly KubeObject[] }
  | { readonly kind: 'away' }
  | { readonly kind: 'refused'; readonly reason: string };

async function lookAt(
  name: ObjectName,
  { instance, spec }: ReadyRequest,
  { client, namespace }: Cluster,
): Promise<Look> {
  const labels = instanceSelector(instance.id);
  const [workload, pods] = await Promise.all([client.get(name), client.list('Pod', namespace, { labels })]);
  if (workload.kind === 'absent') return { kind: 'refused', reason: `${inWords(name)} is gone` };
  if (workload.kind !== 'ok') return failed(`read ${inWords(name)}`, workload);
  if (pods.kind !== 'ok') return failed(`list pods of ${namespace}`, pods);
  const about = { workload: workload.value, pods: pods.value };
  const first = workloadVerdict({ ...about, events: [] });
  if (first.kind === 'ready') {
    if (spec.ports.length === 0 || (await isBehindAddress(instance.id, client, namespace)))
      return { kind: 'seen', verdict: first, events: [] };
    return {
      kind: 'seen',
      verdict: { kind: 'waiting', because: 'its pods are not behind its address yet' },
      events: [],
    };
  }
  const listed = await client.list('Event', namespace, {});
  const events = listed.kind === 'ok' ? eventsOf(listed.value, [about.workload, ...about.pods], instance.id) : [];
  return { kind: 'seen', verdict: workloadVerdict({ ...about, events }), events };
}

function failed(action: string, answer: Parameters<typeof problem>[1]): Look {
  if (answer.kind === 'refused' || answer.kind === 'absent')
    return { kind: 'refused', reason: problem(action, answer).message };
  return { kind: 'away' };
}

// A ready pod is behind a Service only a moment later; a route to it would be answered by nobody.
async function isBehindAddress(instance: string, client: KubeClient, namespace: string): Promise<boolean> {
  const labels = { 'kubernetes.io/service-name': addressName(instance) };
  const slices = await client.list('EndpointSlice', namespace, { labels });
  if (slices.kind !== 'ok') return false;
  return slices.value.some(({ endpoints }) =>
    ((endpoints ?? []) as readonly { conditions?: { ready?: boolean } }[]).some(({ conditions }) => conditions?.ready),
  );
}

type EventWords = {
  readonly involvedObject?: { readonly uid?: string; readonly name?: string };
  readonly lastTimestamp?: string;
};

function eventsOf(all: readonly KubeObject[], objects: readonly KubeObject[], instance: string): readonly KubeObject[] {
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  return all
    .filter((one) => {
      const { uid, name = '' } = (one as EventWords).involvedObject ?? {};
      return (uid !== undefined && uids.has(uid)) || name.startsWith(`${instance}-`);
    })
    .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)));
}

function timeOf(event: KubeObject): string {
  const { lastTimestamp, eventTime } = event as EventWords & { readonly eventTime?: string };
  return lastTimestamp ?? eventTime ?? '';
}

function keep(
  before: { readonly code: string; readonly sinceMs: number } | undefined,
  code: string,
  now: number,
): { readonly code: string; readonly sinceMs: number } {
  return before?.code === code ? before : { code, sinceMs: now };
}

function explained(
  { verdict, events }: Extract<Look, { kind: 'seen' }>,
  name: ObjectName,
  { spec, timeoutMs }: ReadyRequest,
): string {
  const said = lastWordsOf(events, eventsMax);
  const words = said.length > 0 ? `; last events: ${said.join(' | ')}` : '';
  if (verdict.kind === 'blocked')
    return `"${spec.name}" cannot become ready: ${verdict.object}: ${verdict.message}${words}; next: ${verdict.next}`;
  const because = verdict.kind === 'waiting' ? verdict.because : 'nothing is known';
  return `"${spec.name}" is not ready after ${timeoutMs / 1_000} s: ${inWords(name)}: ${because}${words}; next: kubectl -n ${name.namespace ?? ''} describe pods`;
}
