import type { Clock } from './clock.ts';

/**
 * When environments were last asked for something. Routers touch; who would put an environment to sleep asks. The
 * in-process form knows its own process alone, so every router has to be asked; routers with a Redis in common share
 * theirs (`apps/router`), and each of them answers for all.
 */
export type ActivityClocks = {
  /** Something of the environment was asked for just now. Never throws and waits for nobody: it is called per request. */
  touch(env: string): void;
  /**
   * When it was last touched, in milliseconds since 1970; undefined where nobody remembers. What is touched within the
   * last second may not be told yet. Never rejects: where others cannot be asked, it is what this process knows.
   */
  lastActivity(env: string): Promise<number | undefined>;
};

/** Clocks of one process. They are lost with it, so an owner that has just started knows nothing yet. */
export function inProcessActivityClocks(clock: Pick<Clock, 'now'>): ActivityClocks {
  const touched = new Map<string, number>();
  return {
    touch: (env) => void touched.set(env, clock.now()),
    lastActivity: (env) => Promise.resolve(touched.get(env)),
  };
}
