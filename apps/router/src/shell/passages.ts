import type { Socket } from 'node:net';
import type { RouterLimits } from '../core/limits.ts';
import { type Asked, route } from '../core/route.ts';
import type { TableStore } from './table-store.ts';

/** Where a connection leads: instances are unique in their environment only. */
export type LeadsTo = { readonly env: string; readonly instance: string };

/**
 * Connections that lead to one target for as long as they last: raw ones, and upgraded ones. One whose target has moved
 * is ended after `lingerMs`, for its client opens the next one at the new target.
 */
export class Passages implements Disposable {
  readonly #tables: TableStore;
  readonly #lingerMs: number;
  readonly #open = new Set<Passage>();
  readonly #forget: () => void;

  constructor(tables: TableStore, { lingerMs }: RouterLimits) {
    this.#tables = tables;
    this.#lingerMs = lingerMs;
    this.#forget = tables.changes.add(() => {
      for (const passage of this.#open) this.#review(passage);
    });
  }

  /** Watches over a connection until its client's side is closed. */
  watch(client: Socket, asked: Asked, leadsTo: LeadsTo): void {
    const passage: Passage = { client, asked, leadsTo, ending: undefined };
    this.#open.add(passage);
    client.once('close', () => {
      clearTimeout(passage.ending);
      this.#open.delete(passage);
    });
    this.#review(passage); // the table may have changed while it was opened
  }

  /** Ends the connection in a while, unless the route comes back to where it leads. */
  #review(passage: Passage): void {
    if (this.#leadsThere(passage)) {
      clearTimeout(passage.ending);
      passage.ending = undefined;
      return;
    }
    passage.ending ??= setTimeout(() => passage.client.resetAndDestroy(), this.#lingerMs).unref();
  }

  #leadsThere({ asked, leadsTo }: Passage): boolean {
    const routed = route(asked, this.#tables);
    if (routed.kind === 'denied' || routed.target.env !== leadsTo.env) return false;
    return routed.endpoints.some(({ instance }) => instance === leadsTo.instance);
  }

  [Symbol.dispose](): void {
    this.#forget();
  }
}

type Passage = {
  readonly client: Socket;
  readonly asked: Asked;
  readonly leadsTo: LeadsTo;
  ending: NodeJS.Timeout | undefined;
};

/** Each side's end is passed on by itself; a side that breaks, breaks the other. */
export function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
  breakTogether(client, upstream);
  breakTogether(upstream, client);
}

function breakTogether(one: Socket, other: Socket): void {
  one.once('close', () => {
    if (!one.readableEnded || !one.writableFinished) other.resetAndDestroy();
  });
}
