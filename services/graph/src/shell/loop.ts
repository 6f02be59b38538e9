import type { Clock } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';

export interface Loop extends AsyncDisposable {
  /** Works now, or once more after the work under way. */
  wake(): void;
}

export type LoopOptions = {
  readonly name: string;
  readonly log: Log;
  readonly clock: Clock;
  /** How long it rests when nobody wakes it. */
  readonly restMs: number;
  /** One round; `true` asks for the next one at once. What it throws is said, and it is tried again. */
  readonly work: () => Promise<boolean>;
};

const failedRestMs = { first: 100, most: 1_000 } as const;

/** Runs rounds of work until it is disposed, one at a time. Disposing waits for the round under way. */
export function startLoop({ name, log, clock, restMs, work }: LoopOptions): Loop {
  let ended = false;
  let woken = false;
  let sleep = new AbortController();
  let failures = 0;

  const round = async (): Promise<number> => {
    try {
      const more = await work();
      failures = 0;
      return more ? 0 : restMs;
    } catch (error) {
      const delayMs = Math.min(failedRestMs.most, failedRestMs.first * 2 ** failures++);
      if (!ended) log.warn({ err: error, delayMs }, `${name}: tried again`);
      return delayMs;
    }
  };
  const run = async (): Promise<void> => {
    while (!ended) {
      woken = false;
      const delayMs = await round();
      if (ended || delayMs === 0 || (woken && failures === 0)) continue;
      sleep = new AbortController();
      await clock.delay(delayMs, sleep.signal);
    }
  };
  const running = run();
  return {
    wake: () => {
      woken = true;
      if (failures === 0) sleep.abort('woken');
    },
    [Symbol.asyncDispose]: async () => {
      ended = true;
      sleep.abort('the end');
      await running;
    },
  };
}
