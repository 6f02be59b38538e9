import { compareText } from '@microstax/model/compare';
import type { Digest } from '@microstax/model/digest';
import { type LearntDuration, median } from '@microstax/model/estimate';
import type { JournalEntry } from '@microstax/model/journal';
import type { JobKind } from '@microstax/model/plan';

const timesMax = 5; // the newest of each thing: a machine of last month says little about today's

/**
 * How long jobs took, from the journals of one or several environments, each oldest first. A job's time is what its
 * outcome says of its act, else that between its intent and its outcome in one execution, none where it was settled without one; what was kept running, failed, or
 * was read back after a silence teaches nothing.
 * Sorted by kind, service and what ran.
 */
export function learntDurations(journals: readonly (readonly JournalEntry[])[]): readonly LearntDuration[] {
  const times = new Map<string, { readonly of: Omit<LearntDuration, 'ms' | 'runs'>; readonly seen: Seen[] }>();
  for (const journal of journals) {
    const executions = Map.groupBy(journal, ({ execution }) => execution);
    for (const entries of executions.values())
      for (const { key, of, seen } of timesIn(entries)) {
        const known = times.get(key) ?? { of, seen: [] };
        known.seen.push(seen);
        times.set(key, known);
      }
  }
  return [...times]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, { of, seen }]) => {
      const newest = seen.sort((a, b) => b.at - a.at || a.ms - b.ms).slice(0, timesMax);
      return { ...of, ms: median(newest.map(({ ms }) => ms)), runs: newest.length };
    });
}

type Seen = { readonly at: number; readonly ms: number };
type Time = { readonly key: string; readonly of: Omit<LearntDuration, 'ms' | 'runs'>; readonly seen: Seen };

function timesIn(entries: readonly JournalEntry[]): readonly Time[] {
  const begun = new Map<string, number | null>();
  const started = new Map<string, Digest>();
  const times: Time[] = [];
  for (const { at, event } of entries) {
    if (event.type === 'intended') begun.set(event.job, event.action === 'keep' && isRun(event.job) ? null : at);
    if (event.type === 'failed' || event.type === 'unknown') begun.set(event.job, null);
    if (event.type === 'taken over') for (const job of begun.keys()) begun.set(job, null);
    if (event.type !== 'done') continue;
    const { service, runDigest } = event.result?.kind === 'instance' ? event.result.instance : {};
    if (service !== undefined && runDigest !== undefined) started.set(service, runDigest);
    const since = begun.get(event.job) ?? (begun.has(event.job) || isRun(event.job) ? null : at);
    if (since !== null) times.push(timeOf(event.job, { at, ms: event.tookMs ?? at - since }, started));
  }
  return times;
}

function isRun(job: string): boolean {
  return job.startsWith('workload:') || job.startsWith('readiness:');
}

/** Its id says what a job is: `<kind>`, `<kind>:<service>`, `await:<env>/<service>`. */
function timeOf(job: string, seen: Seen, started: ReadonlyMap<string, Digest>): Time {
  const at = job.indexOf(':');
  const kind = (at < 0 ? job : job.slice(0, at)) as JobKind;
  const named = at < 0 ? null : job.slice(at + 1);
  const service = kind === 'await' ? (named?.slice(named.indexOf('/') + 1) ?? null) : named;
  const runs = kind === 'workload' || kind === 'readiness';
  const runDigest = runs && service !== null ? (started.get(service) ?? null) : null;
  return { key: `${kind} ${service ?? ''} ${runDigest ?? ''}`, of: { kind, service, runDigest }, seen };
}
