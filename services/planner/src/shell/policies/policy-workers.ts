import { Worker } from 'node:worker_threads';
import { Unavailable } from '@microstax/bus/bus-error';
import type { Answer, Asked } from './evaluate.ts';

/** Where policies are evaluated: beside the event loop, so that a runaway expression can be ended. */
export type PolicyWorkers = AsyncDisposable & {
  /** Settles with what the expressions say. Rejects with `Unavailable` where that takes longer than allowed. */
  evaluate(asked: Asked): Promise<Answer>;
};

export type PolicyWorkersOptions = {
  /** Allowed for one question, beside a millisecond for each evaluation and the start of a worker. */
  readonly evaluateMs: number;
};

const startMs = 30_000; // of a worker, on a machine that is busy with other things

/** One worker, started with the first question and again after one had to be ended; questions take turns. */
export function policyWorkers({ evaluateMs }: PolicyWorkersOptions): PolicyWorkers {
  let worker: Worker | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const end = async (): Promise<void> => {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  };
  const evaluateNow = async (asked: Asked): Promise<Answer> => {
    worker ??= await started();
    const limitMs = evaluateMs + asked.expressions.length * asked.subjects.length;
    try {
      return await answered(worker, asked, limitMs);
    } catch (error) {
      await end();
      throw error;
    }
  };
  return {
    evaluate(asked) {
      const mine = turn.then(() => evaluateNow(asked));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async [Symbol.asyncDispose]() {
      await turn;
      await end();
    },
  };
}

function started(): Promise<Worker> {
  const worker = new Worker(new URL('./policy-worker.ts', import.meta.url));
  worker.unref();
  return settled(worker, 'online', startMs, 'did not start').then(() => worker);
}

async function answered(worker: Worker, asked: Asked, limitMs: number): Promise<Answer> {
  const heard = settled<{ readonly answer: Answer }>(worker, 'message', limitMs, 'did not answer');
  worker.postMessage({ id: 0, asked });
  return (await heard).answer;
}

function settled<T>(worker: Worker, event: string, limitMs: number, what: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(
    () => reject(new Unavailable(`the policy worker, which ${what} within ${limitMs} ms,`)),
    limitMs,
  );
  const fail = (cause: unknown): void => reject(new Unavailable('the policy worker', { cause }));
  const exited = (code: number): void => fail(new Error(`it ended with ${code}`));
  worker.once(event, resolve).once('error', fail).once('exit', exited);
  return promise.finally(() => {
    clearTimeout(timer);
    worker.off(event, resolve).off('error', fail).off('exit', exited);
  });
}
