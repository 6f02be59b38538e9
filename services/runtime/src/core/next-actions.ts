import type { InstanceRecord, JobAction } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Job, Plan } from '@microstax/model/plan';
import type { Execution, JobProgress } from './execution-state.ts';
import { instanceId, wantedInstance, workloadBehind } from './instances.ts';

export type Action =
  /** Nothing was bound yet. */
  | { readonly kind: 'bind' }
  /** Done without doing anything: the outcome is appended without an intent. */
  | {
      readonly kind: 'settle';
      readonly job: string;
      readonly instance: InstanceRecord | null;
      readonly reason: string;
    }
  /** To be appended, then acted upon; `ahead` says that first something else has to be done, which is intended too. */
  | {
      readonly kind: 'intend';
      readonly job: string;
      readonly action: JobAction;
      readonly instance?: string;
      readonly ahead?: true;
    }
  /**
   * Intended before, and nothing has to be done first: to be acted upon now. Where that is not known to have happened
   * never, the world is asked and the act repeated where it did not happen.
   */
  | { readonly kind: 'read back'; readonly job: string }
  /** A job failed: whoever only waits gives up. */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'finish'; readonly outcome: 'ready' | 'failed'; readonly reason: string };

type Intend = Extract<Action, { kind: 'intend' }>;

export type ActionLimits = {
  /** Jobs intended and not settled; `await` jobs occupy no slot (protocol 21). */
  readonly maxParallel: number;
  /** Jobs that this owner is acting upon, or will without being told again. */
  readonly running: ReadonlySet<string>;
  /** Environments that were seen to serve: nobody has to wait for them. */
  readonly serving?: ReadonlySet<string>;
};

const reasonsMax = 3; // a person reads the first few; the journal has all of them

/** What may happen now. Empty: nothing but to wait for a running job. */
export function nextActions(execution: Execution, plan: Plan, limits: ActionLimits): readonly Action[] {
  if (execution.state !== 'claimed' && execution.state !== 'running') return [];
  if (!execution.bound) return [{ kind: 'bind' }];
  const progress = (id: string): JobProgress => must(execution.jobs[id], `job "${id}" is in its plan`);
  const failed = plan.jobs.filter((job) => progress(job.id).state === 'failed');
  if (failed.length > 0) {
    if (limits.running.size > 0) return [{ kind: 'cancel' }];
    const reasons = failed.slice(0, reasonsMax).map((job) => `${job.id}: ${progress(job.id).reason}`);
    const more = failed.length - reasons.length;
    return [
      {
        kind: 'finish',
        outcome: 'failed',
        reason: [...reasons, ...(more > 0 ? [`and ${more} more`] : [])].join('; '),
      },
    ];
  }
  const pending = plan.jobs.filter((job) => progress(job.id).state !== 'done');
  if (pending.length === 0) return [{ kind: 'finish', outcome: 'ready', reason: 'every job is done' }];
  const actions = startable(execution, plan, pending, limits);
  if (actions.length > 0 || limits.running.size > 0) return actions;
  const stuck = pending.slice(0, reasonsMax).map((job) => job.id);
  return [{ kind: 'finish', outcome: 'failed', reason: `${stuck.join(', ')}: waits for jobs that cannot come first` }];
}

function startable(execution: Execution, plan: Plan, pending: readonly Job[], limits: ActionLimits): readonly Action[] {
  const actions: Action[] = [];
  const occupies = (job: Job): boolean => job.kind !== 'await';
  const isIntended = (id: string): boolean => limits.running.has(id) || hasBegun(execution.jobs[id]);
  let slots = limits.maxParallel - pending.filter((job) => isIntended(job.id) && occupies(job)).length;
  const intended = new Set<string>();
  for (const job of pending) {
    if (limits.running.has(job.id)) continue;
    const progress = must(execution.jobs[job.id], `job "${job.id}" is in its plan`);
    const comesNext = job.after.every((id) => execution.jobs[id]?.state === 'done');
    if (progress.state !== 'waiting') {
      if (comesNext) actions.push({ kind: 'read back', job: job.id });
      continue;
    }
    const follows = (id: string): boolean => execution.jobs[id]?.state === 'done' || isIntended(id) || intended.has(id);
    if (!comesNext && !(isPreparing(job) && progress.action !== 'keep' && job.after.every(follows))) continue;
    const settled = comesNext ? settle(job, progress, { execution, plan, serving: limits.serving }) : undefined;
    if (settled) {
      actions.push(settled);
      continue;
    }
    if (occupies(job) && slots <= 0) continue;
    if (occupies(job)) slots -= 1;
    intended.add(job.id);
    actions.push({ ...intend(job, progress, execution, plan), ...(comesNext ? {} : { ahead: true }) });
  }
  return actions;
}

/**
 * What nobody outside of its environment notices before routes lead there: it is intended along with what it comes after,
 * so that a chain of such jobs needs one append (protocol 20).
 */
export function isPreparing({ kind }: Pick<Job, 'kind'>): boolean {
  return kind === 'secret' || kind === 'workload' || kind === 'readiness';
}

function hasBegun(progress: JobProgress | undefined): boolean {
  return progress?.state === 'intended' || progress?.state === 'unknown';
}

type Settling = {
  readonly execution: Execution;
  readonly plan: Plan;
  readonly serving: ReadonlySet<string> | undefined;
};

// A kept workload is never started, for a provider that serves nobody waits, and with nothing to remove nothing is done.
function settle(job: Job, progress: JobProgress, { execution, plan, serving }: Settling): Action | undefined {
  if (job.kind === 'await' && job.provider !== undefined && serving?.has(job.provider.env)) {
    return { kind: 'settle', job: job.id, instance: null, reason: `"${job.provider.env}" serves` };
  }
  if (progress.action !== 'keep') return undefined;
  if (job.kind === 'removals') {
    return { kind: 'settle', job: job.id, instance: null, reason: 'nothing here has to be removed' };
  }
  if (job.kind !== 'workload') return undefined;
  const workload = workloadBehind(plan, job);
  const instance = workload && wantedInstance(execution.inventory, workload);
  if (!instance) return undefined; // it was lost since it was bound
  return { kind: 'settle', job: job.id, instance, reason: 'it runs already, as the plan wants it' };
}

function intend(job: Job, progress: JobProgress, execution: Execution, plan: Plan): Intend {
  const workload = job.kind === 'workload' ? workloadBehind(plan, job) : undefined;
  const bound = progress.action ?? 'create';
  const action = workload && bound === 'keep' ? 'create' : bound;
  const instance = workload ? { instance: instanceId(workload, execution.generation) } : {};
  return { kind: 'intend', job: job.id, action, ...instance };
}
