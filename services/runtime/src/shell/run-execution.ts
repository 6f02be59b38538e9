import { environmentKey } from '@microstax/contracts/topology';
import { inSpan } from '@microstax/service/telemetry';
import { context, trace } from '@opentelemetry/api';
import { executionBegan, executionBroke, executionEnded } from '../events.ts';
import type { EnvironmentRuns, Turn } from './environment-runs.ts';
import type { EstateBook } from './estate-book.ts';
import { Executor } from './executor.ts';
import { Lease } from './lease.ts';
import type { ExecutionEnd, ExecutionTask } from './task.ts';
import type { World } from './world.ts';

/** What the handlers and the start need to run executions in the background. */
export type Runner = {
  /** Whose estate this process looks after. */
  readonly org: string;
  readonly world: World;
  readonly runs: EnvironmentRuns;
  readonly book: EstateBook;
  /** Aborted when the process ends. */
  readonly end: AbortSignal;
};

/**
 * Runs an execution in the background: its lease begins at once, its jobs once an older execution of the environment in
 * this process has stopped (protocol 19). Its spans belong to the trace of whoever called.
 */
export function runExecution(task: ExecutionTask, how: 'claimed' | 'taken over', runner: Runner): void {
  const { org, env, execution, epoch, generation } = task;
  const about = { org, env, execution, epoch };
  executionBegan(runner.world.log, { ...about, generation, how });
  const parent = context.active();
  const begin = (turn: Turn): Promise<void> =>
    inSpan(runner.world.tracer, 'execution', { parent, attributes: { 'msx.execution': execution } }, () =>
      run(task, turn, runner),
    ).catch((error: unknown) => executionBroke(runner.world.log, { org, env, execution, error }));
  runner.runs.start(environmentKey(org, env), `generation ${generation} was claimed`, begin, runOf(task));
}

/** What a run is known by in this process. */
export function runOf({ execution, epoch }: { readonly execution: string; readonly epoch: number }): string {
  return `${execution}/${epoch}`;
}

async function run(task: ExecutionTask, turn: Turn, { world, book, end }: Runner): Promise<void> {
  const { org, env, execution, epoch } = task;
  const fenced = new AbortController();
  const stop = AbortSignal.any([turn.stop, fenced.signal, end]);
  const { graph, clock, log, limits } = world;
  using lease = new Lease({
    ...{ graph, clock, org, env, epoch, leaseMs: limits.leaseMs },
    onFenced: (reason) => fenced.abort(reason),
  });
  await turn.mine;
  const executor = new Executor(task, world, { lease, stop, end });
  const result = await executor.run();
  if (result.kind === 'finished' || end.aborted) book.note(executor.position);
  else book.forget(org, env);
  executionEnded(log, { org, env, execution, epoch, ...endingOf(result) });
  if (result.kind === 'finished' && result.outcome === 'failed') markFailed(result.reason);
}

function endingOf(result: ExecutionEnd): { readonly outcome: string; readonly reason: string } {
  return { outcome: result.kind === 'finished' ? result.outcome : 'stopped', reason: result.reason };
}

function markFailed(reason: string): void {
  trace.getActiveSpan()?.setStatus({ code: 2, message: reason });
}
