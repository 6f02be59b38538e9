import type { Log } from '@microstax/service/log';
import type { Address } from '../core/route.ts';

const sayEveryMs = 1_000; // a caller in a loop must not fill the log

/** Logs refused requests, of one kind at most one a second, with the number of those that were not said. */
export class Refusals {
  readonly #log: Log;
  readonly #said = new Map<string, { atMs: number; unsaid: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  say({ env, service, port }: Address, { code, reason }: { readonly code: string; readonly reason: string }): void {
    const key = `${env}/${service}/${port}/${code}`;
    const said = this.#said.get(key);
    const now = performance.now();
    if (said !== undefined && now - said.atMs < sayEveryMs) {
      said.unsaid += 1;
      return;
    }
    this.#said.set(key, { atMs: now, unsaid: 0 });
    this.#log.warn({ env, service, port, code, reason, unsaid: said?.unsaid ?? 0 }, 'refused');
  }
}
