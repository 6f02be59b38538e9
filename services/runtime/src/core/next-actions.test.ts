import type { JobAction, JournalEvent } from '@microstax/model/journal';
import type { Job, Plan } from '@microstax/model/plan';
import { given } from '@microstax/testkit/given';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bind } from './bind.ts';
import { type Execution, evolve, evolveAll, initialExecution } from './execution-state.ts';
import { idempotencyKey } from './idempotency.ts';
import { type Action, nextActions } from './next-actions.ts';
import { anInstance, anInventory, aPlan, aSpec } from './testing/plans.ts';

const web = aSpec('web');
const plan = aPlan('shop', [web]);
const idle = { maxParallel: 4, running: new Set<string>() };
const begin = (of: Plan = plan, inventory = anInventory()): Execution =>
  initialExecution({ id: 'x1', generation: 3, plan: of, inventory });
const done = (job: string): JournalEvent => ({ type: 'done', job });
const bound = (of: Plan = plan, inventory = anInventory()): Execution =>
  evolve(begin(of, inventory), { type: 'bound', actions: bind(of, inventory).actions });
const intended = (job: string, action: JobAction = 'create'): JournalEvent => ({
  type: 'intended',
  job,
  action,
  idempotencyKey: 'sha256:0',
});

describe('nextActions()', () => {
  test('binds first', () => {
    given(begin())
      .when((execution) => nextActions(execution, plan, idle))
      .then([{ kind: 'bind' }]);
  });

  test('intends what comes after nothing, and ahead what prepares the environment after it', () => {
    given(bound())
      .when((execution) => nextActions(execution, plan, idle))
      .thenCheck((actions) =>
        expect(actions).toMatchObject([
          { kind: 'intend', job: 'scope', action: 'create' },
          { kind: 'intend', job: 'workload:web', action: 'create', ahead: true },
          { kind: 'intend', job: 'readiness:web', action: 'create', ahead: true },
        ]),
      );
  });

  test('acts upon what is intended ahead once all before it is done, and not sooner', () => {
    const ahead = evolveAll(bound(), [intended('scope'), intended('workload:web'), intended('readiness:web')]);
    given(ahead)
      .when((execution) => [execution, evolve(execution, done('scope'))].map((each) => nextActions(each, plan, idle)))
      .then([[{ kind: 'read back', job: 'scope' }], [{ kind: 'read back', job: 'workload:web' }]]);
  });

  test('intends no more ahead than it may', () => {
    given(bound())
      .when((execution) => nextActions(execution, plan, { ...idle, maxParallel: 2 }))
      .thenCheck((actions) => expect(actions).toHaveLength(2));
  });

  test('names the instance of a workload that it intends', () => {
    given(evolve(bound(), done('scope')))
      .when((execution) => nextActions(execution, plan, idle)[0])
      .thenCheck((action) =>
        expect(action).toMatchObject({
          kind: 'intend',
          job: 'workload:web',
          instance: expect.stringMatching(/^web-\w{12}-3$/),
        }),
      );
  });

  test('settles a kept workload without an intent, with the record it keeps', () => {
    const inventory = anInventory([anInstance(web)]);
    given(evolve(bound(plan, inventory), done('scope')))
      .when((execution) => nextActions(execution, plan, idle))
      .thenCheck(([action]) =>
        expect(action).toMatchObject({ kind: 'settle', job: 'workload:web', instance: { id: 'web-x-1' } }),
      );
  });

  test('creates a kept workload that was lost since it was bound', () => {
    const inventory = anInventory([anInstance(web)]);
    const lost: JournalEvent = { type: 'lost', instance: 'web-x-1', service: 'web', orderly: false, reason: 'gone' };
    given(evolveAll(bound(plan, inventory), [done('scope'), lost]))
      .when((execution) => nextActions(execution, plan, idle))
      .thenCheck(([action]) => expect(action).toMatchObject({ kind: 'intend', job: 'workload:web', action: 'create' }));
  });

  test('makes a lost instance again, and asks again whether it answers', () => {
    const instance = anInstance(web, { id: 'web-y-3' });
    const events: JournalEvent[] = [
      done('scope'),
      { type: 'done', job: 'workload:web', result: { kind: 'instance', instance } },
      done('readiness:web'),
      { type: 'lost', instance: 'web-y-3', service: 'web', orderly: true, reason: 'the runtime ended' },
    ];
    given(evolveAll(bound(), events))
      .when((execution) => [execution.jobs['readiness:web']?.state, nextActions(execution, plan, idle)[0]] as const)
      .thenCheck(([readiness, action]) => {
        expect(readiness).toBe('waiting');
        expect(action).toMatchObject({ kind: 'intend', job: 'workload:web' });
      });
  });

  test('reads back after a takeover what was intended and is not under way here', () => {
    given(evolve(bound(), intended('scope')))
      .when((execution) => nextActions(execution, plan, { ...idle, maxParallel: 1 }))
      .then([{ kind: 'read back', job: 'scope' }]);
  });

  test('waits for what is under way here', () => {
    given(evolve(bound(), intended('scope')))
      .when((execution) => nextActions(execution, plan, { maxParallel: 1, running: new Set(['scope']) }))
      .then([]);
  });

  test('does not let awaited providers occupy slots', () => {
    const jobs: Job[] = ['a', 'b', 'c', 'd', 'e'].map((env) => ({
      id: `await:${env}/db`,
      kind: 'await',
      after: [],
      reason: 'provided there',
    }));
    const many = { ...plan, jobs: [...jobs, ...plan.jobs] };
    given(bound(many))
      .when((execution) => nextActions(execution, many, { ...idle, maxParallel: 1 }).length)
      .then(6);
  });

  test('after a failure starts nothing, lets the running ones settle, then finishes with the reason', () => {
    const failed: JournalEvent = { type: 'failed', job: 'scope', reason: 'no router answers' };
    given(evolveAll(bound(), [intended('scope'), failed]))
      .when(
        (execution) =>
          [
            nextActions(execution, plan, { ...idle, running: new Set(['x']) }),
            nextActions(execution, plan, idle),
          ] as const,
      )
      .then([[{ kind: 'cancel' }], [{ kind: 'finish', outcome: 'failed', reason: 'scope: no router answers' }]]);
  });

  test('fails a plan whose jobs wait for each other instead of waiting for ever', () => {
    const jobs: Job[] = [{ id: 'routes', kind: 'routes', after: ['removals'], reason: '' }];
    const circular = { ...plan, jobs };
    given(bound(circular))
      .when((execution) => nextActions(execution, circular, idle))
      .then([{ kind: 'finish', outcome: 'failed', reason: 'routes: waits for jobs that cannot come first' }]);
  });

  test('has nothing to do once finished', () => {
    given(evolve(bound(), { type: 'finished', outcome: 'superseded', reason: 'generation 4' }))
      .when((execution) => nextActions(execution, plan, idle))
      .then([]);
  });
});

describe('idempotencyKey()', () => {
  const [job] = plan.jobs;
  if (!job) throw new Error('a plan has jobs');
  test('is the same in every attempt and another in another execution', () => {
    expect(idempotencyKey('x1', job)).toBe(idempotencyKey('x1', { ...job, reason: 'said otherwise', after: ['z'] }));
    expect(idempotencyKey('x1', job)).not.toBe(idempotencyKey('x2', job));
  });
});

// Any plan, any order of outcomes, a crash anywhere.
describe('an execution as its journal tells it', () => {
  const graphs = fc
    .array(fc.record({ needs: fc.array(fc.nat(6), { maxLength: 3 }), there: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
    })
    .map((nodes) => {
      const specs = nodes.map(({ needs }, index) =>
        aSpec(`s${index}`, {
          dependsOn: [...new Set(needs.filter((need) => need < index))].map((need) => ({
            service: `s${need}`,
            kind: 'calls' as const,
            protocol: 'http' as const,
            propagates: true,
            required: true,
          })),
        }),
      );
      const inventory = anInventory(
        specs.filter((_, index) => nodes[index]?.there).map((spec) => anInstance(spec, { id: `${spec.name}-k-1` })),
      );
      return { plan: aPlan('shop', specs), inventory };
    });

  test('finishes in order, keeps what is kept, and goes on the same way after any crash', () => {
    const seen = { kept: 0, crashes: 0 };
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat(99)), fc.nat(3), ({ plan: of, inventory }, dice, slots) => {
        const { actions } = bind(of, inventory);
        const journal: JournalEvent[] = [{ type: 'bound', actions }];
        const running = new Set<string>();
        const roll = (): number => dice.next().value ?? 0;
        for (let step = 0; step < 500; step += 1) {
          const execution = evolveAll(begin(of, inventory), journal);
          const next = nextActions(execution, of, { maxParallel: slots + 1, running });
          const finish = next.find((action) => action.kind === 'finish');
          if (finish) {
            expect(finish.outcome).toBe('ready');
            expect(new Set(journal.flatMap((event) => (event.type === 'done' ? [event.job] : []))).size).toBe(
              of.jobs.length,
            );
            return;
          }
          for (const action of next) {
            check(action, execution, of, actions);
            if (action.kind === 'settle') {
              seen.kept += 1;
              journal.push(settled(action));
            } else if (action.kind === 'intend') {
              journal.push(intended(action.job, action.action));
              if (!action.ahead) running.add(action.job);
            } else if (action.kind === 'read back') running.add(action.job);
          }
          expect(running.size).toBeLessThanOrEqual(slots + 1);
          if (running.size > 0 && roll() < 15) {
            running.clear(); // crash: what was under way is known only by its intent
            seen.crashes += 1;
            continue;
          }
          const job = [...running][roll() % Math.max(1, running.size)];
          if (job === undefined) continue;
          running.delete(job);
          journal.push(roll() < 10 ? { type: 'unknown', job, reason: 'no reply' } : done(job));
        }
        throw new Error('it never finished');
      }),
      { numRuns: 300 },
    );
    expect(seen.kept).toBeGreaterThan(50);
    expect(seen.crashes).toBeGreaterThan(50);
  });

  test('folded in pieces is the same as folded at once', () => {
    fc.assert(
      fc.property(graphs, fc.nat(20), ({ plan: of, inventory }, cut) => {
        const journal: JournalEvent[] = [
          { type: 'bound', actions: bind(of, inventory).actions },
          ...of.jobs.flatMap((job) => [intended(job.id), done(job.id)]),
        ];
        const whole = evolveAll(begin(of, inventory), journal);
        const pieces = evolveAll(evolveAll(begin(of, inventory), journal.slice(0, cut)), journal.slice(cut));
        expect(pieces).toEqual(whole);
        expect(nextActions(pieces, of, idle)).toEqual(nextActions(whole, of, idle));
      }),
    );
  });

  function check(action: Action, execution: Execution, of: Plan, actions: Readonly<Record<string, JobAction>>): void {
    if (action.kind !== 'intend' && action.kind !== 'settle') return;
    const job = of.jobs.find(({ id }) => id === action.job);
    const isAhead = action.kind === 'intend' && action.ahead === true;
    const done = job?.after.every((before) => execution.jobs[before]?.state === 'done');
    expect(done).toBe(!isAhead);
    if (job?.kind === 'workload') {
      expect(action.kind === 'settle').toBe(actions[job.id] === 'keep');
    }
  }

  function settled(action: Action & { kind: 'settle' }): JournalEvent {
    const { job, instance, reason } = action;
    return { type: 'done', job, reason, ...(instance ? { result: { kind: 'instance', instance } } : {}) };
  }
});
