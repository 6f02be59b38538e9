import { interrupted } from './report-error.ts';

/** Ctrl-C while something is awaited: the wait ends with exit code 130, the work in the services goes on. */
export type Interrupt = Disposable & { readonly signal: AbortSignal; guard<T>(work: Promise<T>): Promise<T> };

export function onInterrupt(what: string, next: string): Interrupt {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const stop = (): void => {
    const error = interrupted(what, next);
    controller.abort(error);
    reject(error);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: controller.signal,
    guard: (work) => Promise.race([work, promise]),
    [Symbol.dispose]() {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
