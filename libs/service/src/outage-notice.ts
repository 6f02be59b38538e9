import type { Log } from './log.ts';

/** What is said of something that may go away and come back: once each, however often it is tried in between. */
export type OutageNotice = { away(error: unknown): void; back(): void };

/** `what` without which `instead`: `Redis` is away, `clocks of this process alone count`. */
export function outageNotice(log: Log, { what, instead }: { readonly what: string; readonly instead: string }) {
  let isAway = false;
  return {
    away(error: unknown): void {
      if (isAway) return;
      isAway = true;
      log.warn({ err: error }, `${what} is away: ${instead}`);
    },
    back(): void {
      if (!isAway) return;
      isAway = false;
      log.info(`${what} is back`);
    },
  } satisfies OutageNotice;
}
