import { compareText } from '@microstax/model/compare';
import type { Job, JobKind, OmittedJob } from '@microstax/model/plan';
import { type RuntimeFact, workloadJobsOf } from '@microstax/model/runtime-fact';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { awaited, awaitJobId } from './awaited-providers.ts';
import { type ComposedView, edgesFrom, nameAt, serviceAt } from './composed-view.ts';
import { type DataWords, dataJobsOf } from './data-jobs.ts';
import { counted, listed } from './listed.ts';
import { omittedJobsOf } from './omitted-jobs.ts';
import type { Placed } from './place-services.ts';
import { startOrder } from './start-order.ts';
import { inTopologicalOrder } from './topological-order.ts';

export type JobsAbout = {
  readonly listeners: number;
  readonly words: DataWords;
  /** What executes them; it may start each replica by itself. */
  readonly runtime?: RuntimeFact | undefined;
};

export type PlannedJobs = { readonly jobs: readonly Job[]; readonly omitted: readonly OmittedJob[] };

/**
 * The jobs of a plan as a DAG in its one topological order, each with a deterministic id and its reason, and the steps
 * that were left out. Routes come after every readiness and every provider, removals after routes (protocol 25).
 */
export function jobsOf(
  view: ComposedView,
  placed: readonly Placed[],
  { listeners, words, runtime }: JobsAbout,
): PlannedJobs {
  const starting = view.wanted === 'running' ? startingJobs(view, placed, { words, runtime }) : [];
  const awaits = view.wanted === 'running' ? awaitJobs(view, placed) : [];
  const scope = view.wanted === 'running' || view.wanted === 'asleep' ? [scopeJob(view, listeners)] : [];
  const before = [...awaits, ...scope, ...starting];
  const jobs = [...before, routesJob(view, before), removalsJob(view)];
  return { jobs: inTopologicalOrder(jobs), omitted: omittedJobsOf(view, placed, words) };
}

/** Secrets, workloads, readiness and data: a service starts once everything that it requires is ready and has its data. */
function startingJobs(
  view: ComposedView,
  placed: readonly Placed[],
  { words, runtime }: Omit<JobsAbout, 'listeners'>,
): Job[] {
  const requires = localRequirements(view, placed);
  const providersOf = requiredProviders(view, placed);
  // Restored before seeded before used: who depends on a service waits for the last of its data.
  const dataOf = new Map(
    [...requires.keys()]
      .filter((index) => serviceAt(view, index).spec.stateful)
      .map((index) => [index, dataJobsOf(nameAt(view, index), words).jobs]),
  );
  return startOrder(requires).flatMap(({ members, after }) => {
    const names = members.map((member) => nameAt(view, member));
    const providers = [...new Set(members.flatMap((member) => providersOf.get(member) ?? []))];
    const ready = after.flatMap((index) => {
      const data = dataOf.get(index)?.at(-1);
      return data === undefined ? readinessIds(view, index, runtime) : [data.id];
    });
    return members.flatMap((index) => {
      const { name, spec } = serviceAt(view, index);
      const { runDigest } = placed[index] as Placed;
      const secret = `secret:${name}`;
      const keys = spec.secrets.map(({ envKey }) => envKey);
      const waits = ['scope', ...ready, ...providers, ...(keys.length > 0 ? [secret] : [])];
      const reason = workloadReason(name, names, [...ready, ...providers]);
      const answers = `${name} is ready when it accepts connections on ${portsOf(spec.ports.map((port) => port.name))}`;
      const jobs = replicasOf(spec, runtime).flatMap((replica): Job[] => {
        const id = replicaId(name, replica);
        const about = { service: name, runDigest, ...(replica === 1 ? {} : { replica }) };
        return [
          { id: `workload:${id}`, kind: 'workload', ...about, after: sorted(waits), reason },
          { id: `readiness:${id}`, kind: 'readiness', ...about, after: [`workload:${id}`], reason: answers },
        ];
      });
      jobs.push(...(dataOf.get(index) ?? []));
      if (keys.length === 0) return jobs;
      const generated = `${name} reads ${listed(keys)}, generated where it runs and kept there`;
      return [{ id: secret, kind: 'secret', service: name, after: ['scope'], reason: generated }, ...jobs];
    });
  });
}

/** 1, 2, 3 … for each instance that has jobs of its own. */
function replicasOf({ replicas }: ServiceSpec, runtime: RuntimeFact | undefined): readonly number[] {
  return Array.from({ length: workloadJobsOf(runtime, replicas) }, (_, before) => before + 1);
}

function replicaId(service: string, replica: number): string {
  return replica === 1 ? service : `${service}#${replica}`;
}

function readinessIds(view: ComposedView, index: number, runtime: RuntimeFact | undefined): readonly string[] {
  const { name, spec } = serviceAt(view, index);
  return replicasOf(spec, runtime).map((replica) => `readiness:${replicaId(name, replica)}`);
}

/** For each local service the local services that it requires. */
function localRequirements(view: ComposedView, placed: readonly Placed[]): ReadonlyMap<number, readonly number[]> {
  const isLocal = (index: number): boolean => placed[index]?.kind === 'local';
  const requires = new Map<number, number[]>([...view.services.keys()].filter(isLocal).map((index) => [index, []]));
  for (const [index, list] of requires)
    for (const { to, dependency } of edgesFrom(view, index)) if (dependency.required && isLocal(to)) list.push(to);
  return requires;
}

/** For each local service the ids of the await jobs of what it requires from elsewhere. */
function requiredProviders(view: ComposedView, placed: readonly Placed[]): ReadonlyMap<number, readonly string[]> {
  const required = new Map<number, string[]>();
  placed.forEach(({ kind }, index) => {
    if (kind !== 'local') return;
    const ids = edgesFrom(view, index).flatMap(({ to, dependency }) => {
      const provider = dependency.required ? placed[to]?.provider : undefined;
      return provider === undefined ? [] : [awaitJobId(provider)];
    });
    if (ids.length > 0) required.set(index, ids);
  });
  return required;
}

function workloadReason(name: string, group: readonly string[], after: readonly string[]): string {
  const others = group.filter((other) => other !== name);
  const first = after.length === 0 ? 'requires nothing that has to be there first' : `starts after ${listed(after)}`;
  if (others.length === 0) return `${name} runs here and ${first}`;
  return `${name} runs here, starts together with ${listed(others)} because they require each other, and ${first}`;
}

function portsOf(names: readonly string[]): string {
  return names.length === 0 ? 'no port: it is ready when it runs' : listed(names);
}

function awaitJobs(view: ComposedView, placed: readonly Placed[]): Job[] {
  return awaited(view, placed).map(({ provider, service, reason }) => ({
    id: awaitJobId(provider),
    kind: 'await',
    service,
    provider,
    after: [],
    reason,
  }));
}

function scopeJob(view: ComposedView, listeners: number): Job {
  const reason = `the router listens on ${counted(listeners, 'port')} for ${view.env}`;
  return { id: 'scope', kind: 'scope', after: [], reason };
}

const beforeRoutes: ReadonlySet<JobKind> = new Set(['await', 'readiness', 'restore', 'seed']);

function routesJob(view: ComposedView, before: readonly Job[]): Job {
  const settled = before.filter(({ kind }) => beforeRoutes.has(kind)).map(({ id }) => id);
  const scoped = before.some(({ id }) => id === 'scope') ? ['scope'] : [];
  const reason =
    settled.length === 0
      ? `requests of ${view.env} follow this plan`
      : `requests of ${view.env} follow this plan once everything they reach is ready`;
  return { id: 'routes', kind: 'routes', after: sorted([...settled, ...scoped]), reason };
}

function removalsJob(view: ComposedView): Job {
  const reason = `what ${view.env} no longer needs is stopped, after no route leads to it`;
  return { id: 'removals', kind: 'removals', after: ['routes'], reason };
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort(compareText);
}
