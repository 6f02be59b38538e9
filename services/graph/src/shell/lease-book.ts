import type { EnvironmentDocument } from '../core/documents.ts';

export type Silence = {
  readonly org: string;
  readonly env: string;
  readonly epoch: number;
  readonly silentMs: number;
  readonly offers: number;
};

type Lease = { readonly epoch: number; readonly heardAtMs: number; readonly offers: number };

/**
 * Who was heard of, on the monotonic clock of this process alone (protocol 22): a wall clock may jump, and a graph that
 * was away has no right to say that others were silent.
 */
export class LeaseBook {
  readonly #leases = new Map<string, Lease>();

  /** An execution as a commit left it: an open one under a new epoch is heard of, a closed one is forgotten. */
  follow({ org, env, epoch, execution }: EnvironmentDocument, nowMs: number): void {
    const key = `${org}/${env}`;
    if (!execution?.open) this.#leases.delete(key);
    else if (this.#leases.get(key)?.epoch !== epoch) this.#leases.set(key, { epoch, heardAtMs: nowMs, offers: 0 });
  }

  heard(org: string, env: string, epoch: number, nowMs: number): void {
    const lease = this.#leases.get(`${org}/${env}`);
    if (lease?.epoch === epoch) this.#leases.set(`${org}/${env}`, { ...lease, heardAtMs: nowMs });
  }

  isEmpty(): boolean {
    return this.#leases.size === 0;
  }

  /** Everybody gets a whole lease again: nobody could be heard. */
  startAnew(nowMs: number): void {
    for (const [key, lease] of this.#leases) this.#leases.set(key, { ...lease, heardAtMs: nowMs });
  }

  /** Those that were silent for `leaseMs`; each is told once per lease. */
  takeSilent(nowMs: number, leaseMs: number): readonly Silence[] {
    const silent: Silence[] = [];
    for (const [key, { epoch, heardAtMs, offers }] of this.#leases) {
      const silentMs = Math.round(nowMs - heardAtMs);
      if (silentMs < leaseMs) continue;
      const [org = '', env = ''] = key.split('/');
      silent.push({ org, env, epoch, silentMs, offers });
      this.#leases.set(key, { epoch, heardAtMs: nowMs, offers: offers + 1 });
    }
    return silent;
  }
}
