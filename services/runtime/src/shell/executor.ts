// Owns: one execution, from claim or takeover to its end or to the loss of ownership.
// Does not own: who runs next in the environment (environment-runs.ts), what happens to a lost lease (the graph).
//
// 1. An intent is in the journal before its act begins, an outcome before what depends on it (protocol 20). Only where a
//    preparing job (a secret, a workload, its readiness) follows another one, the outcome may come a moment later: whoever
//    takes over reads both back, and until routes move nobody else has seen anything of it.
// 2. One append at a time; it may carry outcomes and the next intents. Intents are written ahead of the slots in which
//    they are acted upon, and of what they wait for: while one append is on its way the next acts begin and end, and the
//    next append carries them all.
// 3. After `fenced`, `stale` or an abort nothing is started. Acts under way settle before this returns, so that whoever
//    comes next finds a world that stands still.
// 4. The lease is asked after every wait and before every act (protocol 22).
// 5. All decisions are `nextActions` of the journal; what runs here is the only other thing it is told.
// 6. The fences are up before the first act (protocol 23); the first append may be on its way meanwhile.
import { BusError, Unavailable } from '@microstax/bus/bus-error';
import type { JournalEvent } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Job } from '@microstax/model/plan';
import { failpoint } from '@microstax/service/failpoint';
import { decideNext, type NextDecision } from '../core/decide-next.ts';
import { type Execution, evolveAll, initialExecution } from '../core/execution-state.ts';
import { type Action, isPreparing, nextActions } from '../core/next-actions.ts';
import { jobSettled } from '../events.ts';
import { act } from './act.ts';
import { ActQueue } from './act-queue.ts';
import { DriverRefusal } from './driver/driver.ts';
import { Inbox } from './inbox.ts';
import type { JobContext } from './job-context.ts';
import type { JobOutcome } from './job-outcome.ts';
import { type Appended, JournalWriter } from './journal-writer.ts';
import type { Lease } from './lease.ts';
import { begin, type Fences, raiseFences } from './prepare.ts';
import type { RouteEntry } from './route-key.ts';
import type { ExecutionEnd, ExecutionTask, JournalPosition } from './task.ts';
import { tearDown } from './tear-down.ts';
import type { World } from './world.ts';

type Settled = { readonly job: string; readonly outcome: JobOutcome; readonly tookMs: number };
type Fenced = Extract<Fences, { kind: 'fenced' }>;
type Refused = { readonly kind: 'refused'; readonly reason: string };
type Acting = Extract<Action, { kind: 'intend' | 'read back' }>;

/** Jobs whose intent is in the journal and whose outcome is not; bounds what an append carries. */
export const intendedAhead = 128;

const gatherMs = 200;
const unsaidMsMax = 25; // of an outcome that nothing waits for: a takeover would have to find it out anew
const doubtPollMs = 200; // while the lease is doubtful
const prepareAgainMs = 500;
const awaitAgainMs = 500; // after the graph refused what an awaiting job said

export type ExecutorOptions = {
  readonly lease: Pick<Lease, 'isFresh'>;
  /** Aborted when a newer generation was claimed here, the lease was lost, or the process ends. */
  readonly stop: AbortSignal;
  /** Aborted when the process ends. */
  readonly end: AbortSignal;
};

export class Executor {
  readonly #task: ExecutionTask;
  readonly #world: World;
  readonly #lease: Pick<Lease, 'isFresh'>;
  readonly #stop: AbortSignal;
  readonly #journal: JournalWriter;
  readonly #inbox = new Inbox<Settled>();
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #acts: ActQueue;
  /** Tells those who only wait that it is pointless. */
  readonly #giveUp = new AbortController();
  readonly #stopped: Promise<void>;
  /** As the journal has it. */
  #execution: Execution;
  /** Outcomes that are not in the journal yet, and since when. */
  #unsaid: readonly Settled[] = [];
  #unsaidSinceMs = 0;
  /** The execution with these. */
  #known: Execution;
  #fences: Promise<Fences | Refused> = Promise.resolve({ kind: 'fenced', reason: 'nothing has begun' });
  #serving: ReadonlySet<string> = new Set();

  constructor(task: ExecutionTask, world: World, options: ExecutorOptions) {
    const { org, env, execution, epoch, length, generation, plan, inventory } = task;
    this.#task = task;
    this.#world = world;
    this.#lease = options.lease;
    this.#jobs = new Map(plan.jobs.map((job) => [job.id, job]));
    this.#acts = new ActQueue(world.limits.maxParallel);
    this.#stop = options.stop;
    this.#stopped = new Promise((resolve) => {
      if (options.stop.aborted) resolve();
      else options.stop.addEventListener('abort', () => resolve(), { once: true });
    });
    const about = { org, env, execution, epoch };
    const { graph, clock } = world;
    this.#journal = new JournalWriter({ graph, clock, about, length, giveUp: options.end });
    this.#execution = evolveAll(initialExecution({ id: execution, generation, plan, inventory }), task.events);
    this.#known = this.#execution;
  }

  /** Where the journal stands, for whoever looks after the environment next. */
  get position(): JournalPosition {
    const { org, env, generation, execution, epoch } = this.#task;
    const { inventory } = this.#execution;
    return { org, env, generation, execution, epoch, length: this.#journal.length, inventory };
  }

  /** Settles at the end of the execution, or once it is not ours and nothing of it is under way any more. */
  async run(): Promise<ExecutionEnd> {
    try {
      return await this.#run();
    } catch (error) {
      await this.#stopping('it broke'); // invariant 3 holds for a defect too
      throw error;
    }
  }

  async #run(): Promise<ExecutionEnd> {
    const fences = this.#waitedOut(() => raiseFences(this.#task, this.#execution, this.#world));
    this.#fences = fences;
    fences.catch(() => {}); // looked at before the first act
    // What is in the world is looked at behind the fences. Where there is nothing, nobody has to wait for them.
    if (this.#execution.inventory.instances.length > 0) {
      const raised = await fences;
      if (raised.kind === 'fenced') return { kind: 'stopped', reason: raised.reason };
      if (raised.kind === 'refused') return this.#finishFailed([], raised.reason);
    }
    const beginning = await this.#waitedOut(() => begin(this.#task, this.#execution, this.#world));
    if (this.#stop.aborted) return this.#stopping(String(this.#stop.reason));
    if ('kind' in beginning && beginning.kind === 'refused') return this.#finishFailed([], beginning.reason);
    if ('kind' in beginning) return this.#stopping(beginning.reason);
    this.#serving = beginning.serving;
    for (let first = beginning.events; ; first = []) {
      const end = await this.#turn(first);
      if (end) return end;
    }
  }

  // Everything in it finds what is there, so an outage of the bus or of the driver's world is waited out.
  async #waitedOut<T>(work: () => Promise<T>): Promise<T | Fenced | Refused> {
    for (;;) {
      if (this.#stop.aborted) return { kind: 'fenced', reason: String(this.#stop.reason) };
      try {
        return await work();
      } catch (error) {
        if (error instanceof DriverRefusal) return { kind: 'refused', reason: error.message };
        if (!(error instanceof Unavailable || (error instanceof BusError && error.again))) throw error;
        await this.#world.clock.delay(prepareAgainMs, this.#stop);
      }
    }
  }

  /** One append at most: `first`, the outcomes that arrived, and what is decided because of them (invariant 2). */
  async #turn(first: readonly JournalEvent[]): Promise<ExecutionEnd | undefined> {
    this.#hear(this.#inbox.takeAll());
    const unsaid = this.#unsaid;
    const fenced = unsaid.find(({ outcome }) => outcome.kind === 'fenced');
    if (fenced?.outcome.kind === 'fenced') return this.#stopping(fenced.outcome.reason);
    const outcomes = [...first, ...unsaid.flatMap(outcomeEvent)];
    if (this.#stop.aborted) {
      if (outcomes.length > 0) await this.#append(outcomes); // kept if we are still the owner, refused if not
      return this.#stopping(String(this.#stop.reason));
    }
    const fresh = this.#lease.isFresh();
    if (fresh && first.length === 0 && (await this.#goesOn())) return undefined;
    const { actions, events } = fresh ? this.#decide(outcomes) : { actions: [], events: outcomes };
    this.#unsaid = [];
    if (events.length > 0) {
      const appended = await this.#append(events);
      if (appended.kind === 'not ours') return this.#stopping(appended.reason);
      if (appended.kind === 'refused') return this.#afterRefusal(unsaid, appended.reason);
    }
    for (const { job, outcome } of unsaid) this.#said(job, outcome);
    return this.#follow(actions, fresh);
  }

  #hear(arrived: readonly Settled[]): void {
    if (arrived.length === 0) return;
    for (const { job } of arrived) this.#acts.forget(job);
    if (this.#unsaid.length === 0) this.#unsaidSinceMs = this.#world.clock.monotonicMs();
    this.#unsaid = [...this.#unsaid, ...arrived];
    this.#known = evolveAll(this.#known, arrived.flatMap(outcomeEvent));
  }

  /**
   * Begins what follows from preparing jobs alone, whose outcomes are gathered meanwhile (invariant 1). True where there is
   * more to come before an append is worth it.
   */
  async #goesOn(): Promise<boolean> {
    const isQuiet = ({ job, outcome }: Settled): boolean => outcome.kind === 'done' && isPreparing(this.#jobOf(job));
    if (this.#unsaid.length === 0 || !this.#unsaid.every(isQuiet)) return false;
    const fences = await this.#fences; // invariant 6
    if (fences.kind !== 'raised') return false;
    await this.#beginAll(this.#preparing(), fences.stamped);
    const leftMs = this.#unsaidSinceMs + unsaidMsMax - this.#world.clock.monotonicMs();
    if (this.#acts.jobs.size === 0 || !this.#acts.isShort || leftMs <= 0) return false;
    const enough = new AbortController();
    const late = this.#world.clock.delay(leftMs, enough.signal);
    await this.#inbox.wait(Promise.race([this.#stopped, late]));
    enough.abort();
    return true;
  }

  /** Intended jobs that wait for nothing but the outcomes of other preparing jobs, and have these. */
  #preparing(): readonly Acting[] {
    const limits = { maxParallel: 0, running: this.#acts.jobs, serving: this.#serving };
    const mayFollow = (id: string): boolean =>
      this.#execution.jobs[id]?.state === 'done' || isPreparing(this.#jobOf(id));
    return nextActions(this.#known, this.#task.plan, limits).filter((action): action is Acting => {
      if (action.kind !== 'read back') return false;
      const job = this.#jobOf(action.job);
      return isPreparing(job) && job.after.every(mayFollow);
    });
  }

  async #follow(actions: readonly Action[], fresh: boolean): Promise<ExecutionEnd | undefined> {
    const fences = await this.#fences; // invariant 6
    if (fences.kind === 'fenced') return this.#stopping(fences.reason);
    if (fences.kind === 'refused') return this.#finishFailed([], fences.reason);
    const finish = actions.find((action) => action.kind === 'finish');
    if (finish?.outcome === 'ready') return { kind: 'finished', outcome: 'ready', reason: finish.reason };
    if (finish) return this.#fail(finish.reason);
    if (actions.some(({ kind }) => kind === 'cancel')) this.#noneFurther();
    const acting = actions.filter((action) => action.kind === 'intend' || action.kind === 'read back');
    const isNext = (action: Acting): boolean => action.kind === 'read back' || !action.ahead;
    await this.#beginAll(acting.filter(isNext), fences.stamped);
    const idle = actions.every(({ kind }) => kind === 'cancel') || acting.length === actions.length;
    if (idle) await this.#wait(fresh);
    return undefined;
  }

  /** What is done without an act is written at once, along with what follows from it. */
  #decide(outcomes: readonly JournalEvent[]): NextDecision {
    const maxParallel = Math.max(intendedAhead, this.#world.limits.maxParallel);
    const limits = { maxParallel, running: this.#acts.jobs, serving: this.#serving };
    return decideNext(this.#execution, this.#task.plan, outcomes, limits);
  }

  async #beginAll(actions: readonly Acting[], stamped: RouteEntry | undefined): Promise<void> {
    if (actions.length === 0) return;
    await failpoint('runtime.executor.after-intent'); // they are in the journal, and none has begun
    for (const action of actions) this.#begin(action, stamped);
  }

  // Who only awaits a provider occupies no slot (protocol 21).
  #begin({ job }: Acting, stamped: RouteEntry | undefined): void {
    const slot = this.#jobOf(job).kind === 'await' ? 'none' : 'one';
    this.#acts.push(job, slot, () => this.#act(job, stamped));
  }

  async #act(job: string, stamped: RouteEntry | undefined): Promise<void> {
    const context: JobContext = {
      task: this.#task,
      world: this.#world,
      inventory: () => this.#known.inventory,
      stamped,
      signal: AbortSignal.any([this.#stop, this.#giveUp.signal]),
      mayStart: () => this.#lease.isFresh() && !this.#stop.aborted,
    };
    const { clock } = this.#world;
    const begunAtMs = clock.monotonicMs();
    const outcome = await act(this.#jobOf(job), context);
    const tookMs = Math.round(clock.monotonicMs() - begunAtMs);
    await failpoint('runtime.executor.after-act');
    if (outcome.kind === 'failed' || outcome.kind === 'fenced') this.#acts.dropWaiting();
    this.#inbox.push({ job, outcome, tookMs });
  }

  /** What was intended and has not begun does not begin; who only waits gives up. */
  #noneFurther(): void {
    this.#acts.dropWaiting();
    this.#giveUp.abort();
  }

  async #fail(reason: string): Promise<ExecutionEnd> {
    const torn = await this.#waitedOut(() => tearDown(this.#task, this.#execution, this.#world));
    if (torn.kind === 'fenced') return { kind: 'stopped', reason: torn.reason };
    if (torn.kind === 'refused')
      return this.#finishFailed([], `${reason}; what it started could not be ended: ${torn.reason}`);
    return this.#finishFailed(torn.events, reason);
  }

  async #finishFailed(events: readonly JournalEvent[], reason: string): Promise<ExecutionEnd> {
    const appended = await this.#append([...events, { type: 'finished', outcome: 'failed', reason }]);
    if (appended.kind !== 'appended') return { kind: 'stopped', reason: appended.reason };
    return { kind: 'finished', outcome: 'failed', reason };
  }

  // Protocol 21: the provider is worth waiting for (again), so whoever waited goes on waiting.
  async #afterRefusal(arrived: readonly Settled[], reason: string): Promise<ExecutionEnd | undefined> {
    this.#known = this.#execution;
    const awaits = arrived.filter(({ job }) => this.#jobOf(job).kind === 'await');
    if (awaits.length === 0) return this.#stopping(reason);
    for (const settled of arrived) {
      if (awaits.includes(settled)) this.#awaitAgain(settled.job);
      else this.#inbox.push(settled);
    }
    return undefined;
  }

  #awaitAgain(job: string): void {
    this.#acts.push(job, 'none', async () => {
      await this.#world.clock.delay(awaitAgainMs, this.#stop);
      await this.#act(job, undefined);
    });
  }

  // Invariant 3: who only waits gives up at the stop signal; what acts is let through.
  async #stopping(reason: string): Promise<ExecutionEnd> {
    this.#noneFurther();
    await this.#fences.catch(() => {}); // an act of its own kind
    while (this.#acts.jobs.size > 0) {
      await this.#inbox.wait();
      for (const { job } of this.#inbox.takeAll()) this.#acts.forget(job);
    }
    return { kind: 'stopped', reason };
  }

  async #wait(fresh: boolean): Promise<void> {
    if (fresh) {
      await this.#inbox.wait(this.#stopped);
      return this.#gather();
    }
    await this.#inbox.wait(Promise.race([this.#stopped, this.#world.clock.delay(doubtPollMs, this.#stop)]));
  }

  // While intended acts wait for a slot, no append would begin one sooner. Each writes what the environment has in the
  // world, so of a large one there shall be few.
  async #gather(): Promise<void> {
    if (this.#acts.isShort) return;
    const enough = new AbortController();
    await Promise.race([this.#acts.untilShort(), this.#stopped, this.#world.clock.delay(gatherMs, enough.signal)]);
    enough.abort();
  }

  async #append(events: readonly JournalEvent[]): Promise<Appended> {
    const appended = await this.#journal.append(events);
    if (appended.kind === 'appended') this.#execution = evolveAll(this.#execution, events);
    this.#known = this.#execution; // whatever was unsaid is among these events
    return appended;
  }

  #said(job: string, outcome: JobOutcome): void {
    const { org, env, execution, epoch } = this.#task;
    const reason = 'reason' in outcome ? outcome.reason : undefined;
    jobSettled(this.#world.log, { org, env, execution, epoch, job, state: outcome.kind, reason });
  }

  #jobOf(id: string): Job {
    return must(this.#jobs.get(id), `job "${id}" is in its plan`);
  }
}

function outcomeEvent({ job, outcome, tookMs }: Settled): readonly JournalEvent[] {
  switch (outcome.kind) {
    case 'done': {
      const { result, reason } = outcome;
      return [
        { type: 'done', job, ...(result ? { result } : {}), ...(reason === undefined ? {} : { reason }), tookMs },
      ];
    }
    case 'failed':
      return [{ type: 'failed', job, reason: outcome.reason }];
    case 'unknown':
      return [{ type: 'unknown', job, reason: outcome.reason }];
    case 'fenced':
    case 'cancelled':
      return [];
  }
}
