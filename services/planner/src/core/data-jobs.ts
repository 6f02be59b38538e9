import {
  type AppliedData,
  type DataStepKind,
  isMeantFor,
  seedReference,
  snapshotReference,
} from '@microstax/model/data-step';
import type { Job, OmittedJob } from '@microstax/model/plan';
import type { Revision, SeedSpec } from '@microstax/model/revision';
import { type ComposedView, serviceAt } from './composed-view.ts';
import type { Placed } from './place-services.ts';

/** What an environment declares about its data, and what was done to it before. */
export type DataWords = {
  readonly snapshot?: Revision['snapshot'];
  readonly seeds: readonly SeedSpec[];
  readonly applied: readonly AppliedData[];
};

/** The restore and seed jobs of one stateful service, in their order; what was left out, and why. */
export type DataJobs = { readonly jobs: readonly Job[]; readonly omitted: readonly OmittedJob[] };

/**
 * Whether the data of a local service is restored and seeded is decided here (design 5.3): a snapshot or a seed is applied
 * once, and anew where another one is declared. Restore comes before the seeds, which stay in the order of the Blueprint.
 */
export function dataJobsOf(service: string, words: DataWords): DataJobs {
  const restore = restoreStep(service, words);
  const seeds = seedSteps(service, words, restore.job !== undefined);
  const steps = [restore, ...seeds];
  const jobs: Job[] = [];
  for (const { job } of steps)
    if (job !== undefined) jobs.push({ ...job, after: [jobs.at(-1)?.id ?? `readiness:${service}`] });
  return { jobs, omitted: steps.flatMap(({ omitted }) => omitted ?? []) };
}

/** Data steps that are declared for a service that answers from elsewhere: its provider has data of its own. */
export function remoteDataJobs(view: ComposedView, { service, provider }: Placed, index: number, words: DataWords) {
  if (provider === undefined || !serviceAt(view, index).spec.stateful) return [];
  const reason = `service is remote: ${provider.env} provides it, with data of its own`;
  const { snapshot, seeds } = words;
  const restore =
    snapshot !== undefined && isMeantFor(service, snapshot) ? [omittedStep('restore', service, reason)] : [];
  const seeded = seeds.filter((seed) => isMeantFor(service, seed));
  return [...restore, ...seeded.map(({ name }) => omittedStep('seed', service, reason, name))];
}

type Step = { readonly job?: Omit<Job, 'after'>; readonly omitted?: OmittedJob };

function restoreStep(service: string, { snapshot, applied }: DataWords): Step {
  if (snapshot === undefined) return { omitted: omittedStep('restore', service, 'no snapshot is declared') };
  if (!isMeantFor(service, snapshot))
    return { omitted: omittedStep('restore', service, 'the snapshot is declared for other services') };
  const reference = snapshotReference(snapshot);
  const before = applied.find((one) => one.service === service && one.step === 'restore');
  return stepOf({ kind: 'restore', id: `restore:${service}`, service, reference, before });
}

function seedSteps(service: string, { seeds, applied }: DataWords, isRestored: boolean): readonly Step[] {
  if (seeds.length === 0) return [{ omitted: omittedStep('seed', service, 'no seed is declared') }];
  const meant = seeds.filter((seed) => isMeantFor(service, seed));
  if (meant.length === 0)
    return [{ omitted: omittedStep('seed', service, 'the seeds are declared for other services') }];
  return meant.map((seed) => {
    const before = applied.find(
      (one) => one.service === service && one.step === 'seed' && nameOf(one.reference) === seed.name,
    );
    const id = `seed:${service}/${seed.name}`;
    const reference = seedReference(seed);
    if (isRestored && before !== undefined)
      return {
        job: { id, kind: 'seed', service, reference, reason: `restored anew: what ${reference} brought is gone` },
      };
    return stepOf({ kind: 'seed', id, service, reference, before });
  });
}

type Considered = {
  readonly kind: DataStepKind;
  readonly id: string;
  readonly service: string;
  readonly reference: string;
  readonly before: AppliedData | undefined;
};

function stepOf({ kind, id, service, reference, before }: Considered): Step {
  if (before?.reference === reference)
    return { omitted: { id, kind, service, reason: `already applied in journal entry ${before.entry}: ${reference}` } };
  const reason =
    before === undefined
      ? `first activation: ${reference} ${kind === 'restore' ? 'is restored into' : 'is run against'} ${service}`
      : `reference changed: ${before.reference} before, ${reference} now`;
  return { job: { id, kind, service, reference, reason } };
}

function omittedStep(kind: DataStepKind, service: string, reason: string, name?: string): OmittedJob {
  return { id: name === undefined ? `${kind}:${service}` : `${kind}:${service}/${name}`, kind, service, reason };
}

function nameOf(reference: string): string {
  return reference.split('@')[0] ?? reference;
}
