import { sortedBy } from '@microstax/model/compare';
import { addressText } from '@microstax/model/external-address';
import type { OmittedJob } from '@microstax/model/plan';
import { awaited, awaitJobId } from './awaited-providers.ts';
import { type ComposedView, serviceAt } from './composed-view.ts';
import { type DataWords, dataJobsOf, remoteDataJobs } from './data-jobs.ts';
import type { Placed } from './place-services.ts';

/** Steps that were considered and left out, each with its reason: leaving out is a decision too. Sorted by id. */
export function omittedJobsOf(view: ComposedView, placed: readonly Placed[], words: DataWords): readonly OmittedJob[] {
  const omitted = placed.flatMap((placement, index) =>
    placement.kind === 'local'
      ? omittedOfLocal(view, placement, index, words)
      : [omittedWorkload(placement), ...remoteDataJobs(view, placement, index, words)],
  );
  return sortedBy([...omitted, ...omittedAwaits(view, placed)], ({ id }) => id);
}

function omittedOfLocal(view: ComposedView, { service }: Placed, index: number, words: DataWords): OmittedJob[] {
  if (view.wanted === 'asleep')
    return [
      { id: `workload:${service}`, kind: 'workload', service, reason: 'environment is asleep: a request wakes it' },
    ];
  const { spec } = serviceAt(view, index);
  const secret = { id: `secret:${service}`, kind: 'secret', service, reason: 'service declares no secrets' };
  const data = spec.stateful ? dataJobsOf(service, words).omitted : [];
  return [...(spec.secrets.length === 0 ? [secret] : []), ...data];
}

function omittedWorkload({ service, kind, provider, external, code }: Placed): OmittedJob {
  const from = external === undefined ? provider?.env : addressText(external);
  const reason = from === undefined ? `service is denied: ${code}` : `service is ${kind} from ${from}`;
  return { id: `workload:${service}`, kind: 'workload', service, reason };
}

function omittedAwaits(view: ComposedView, placed: readonly Placed[]): OmittedJob[] {
  const waits = view.wanted === 'running' ? awaited(view, placed) : [];
  const taken = new Set(waits.map(({ provider }) => awaitJobId(provider)));
  const reason =
    view.wanted === 'running'
      ? 'no local service depends on it and no request enters by it'
      : `environment is wanted ${view.wanted}`;
  return placed.flatMap(({ provider, service }) => {
    if (provider === undefined || taken.has(awaitJobId(provider))) return [];
    taken.add(awaitJobId(provider));
    return [{ id: awaitJobId(provider), kind: 'await', service, reason }];
  });
}
