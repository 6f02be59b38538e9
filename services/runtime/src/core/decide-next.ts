import type { JournalEvent } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import { type Execution, evolveAll } from './execution-state.ts';
import { idempotencyKey } from './idempotency.ts';
import { type Action, type ActionLimits, nextActions } from './next-actions.ts';

export type NextDecision = { readonly actions: readonly Action[]; readonly events: readonly JournalEvent[] };

/**
 * What may happen after these outcomes, and what one append carries for it: the outcomes, what is done without an act, and
 * the intents.
 */
export function decideNext(
  execution: Execution,
  plan: Plan,
  outcomes: readonly JournalEvent[],
  limits: ActionLimits,
): NextDecision {
  const events = [...outcomes];
  for (let next = evolveAll(execution, outcomes); ; ) {
    const actions = nextActions(next, plan, limits);
    const settled = actions.flatMap((action) => (action.kind === 'settle' ? [settledEvent(action)] : []));
    events.push(
      ...(settled.length > 0 ? settled : actions.flatMap((action) => decisionEvent(action, execution, plan))),
    );
    if (settled.length === 0) return { actions, events };
    next = evolveAll(next, settled);
  }
}

function settledEvent({ job, reason, instance }: Extract<Action, { kind: 'settle' }>): JournalEvent {
  return { type: 'done', job, reason, ...(instance ? { result: { kind: 'instance', instance } } : {}) };
}

function decisionEvent(action: Action, { id }: Execution, plan: Plan): readonly JournalEvent[] {
  if (action.kind === 'finish' && action.outcome === 'ready')
    return [{ type: 'finished', outcome: action.outcome, reason: action.reason }];
  if (action.kind !== 'intend') return [];
  const { job, action: what, instance } = action;
  const key = idempotencyKey(id, must(jobsOf(plan).get(job), `job "${job}" is in its plan`));
  return [
    {
      type: 'intended',
      job,
      action: what,
      idempotencyKey: key,
      ...(instance === undefined ? {} : { instance }),
    },
  ];
}

// A plan never changes, and a large one has thousands of jobs.
const known = new WeakMap<Plan, ReadonlyMap<string, Plan['jobs'][number]>>();

function jobsOf(plan: Plan): ReadonlyMap<string, Plan['jobs'][number]> {
  const before = known.get(plan);
  if (before) return before;
  const jobs = new Map(plan.jobs.map((job) => [job.id, job]));
  known.set(plan, jobs);
  return jobs;
}
