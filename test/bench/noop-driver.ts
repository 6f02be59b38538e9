import type { InstanceRecord } from '@microstax/model/journal';
import { ownerIdentity } from '@microstax/service/process-identity';
import type {
  Driver,
  Fence,
  ReadyOutcome,
  Scope,
  StartOutcome,
  StartRequest,
} from '../../services/runtime/src/shell/driver/driver.ts';

/**
 * A world in which nothing happens: an instance is a note that says it is this very process, lives until it is stopped
 * and is ready at once. The fence is kept, because what is measured asks for it.
 */
export class NoopDriver implements Driver {
  readonly #instances = new Map<string, Map<string, InstanceRecord>>();
  readonly #epochs = new Map<string, number>();
  #lastPort = 20_000;

  async stamp(scope: Scope, epoch: number): Promise<Fence> {
    const key = keyOf(scope);
    if (epoch < (this.#epochs.get(key) ?? 0)) return 'fenced';
    this.#epochs.set(key, epoch);
    return 'passed';
  }

  async prepare(): Promise<Fence> {
    return 'passed';
  }

  async rename(): Promise<Fence> {
    return 'passed';
  }

  async ensureSecrets(): Promise<void> {}

  async start({ scope, instance: id, epoch, spec, runDigest }: StartRequest): Promise<StartOutcome> {
    if ((await this.stamp(scope, epoch)) === 'fenced') return { kind: 'fenced' };
    const here = this.#here(scope);
    const known = here.get(id);
    if (known) return { kind: 'running', instance: known, already: true };
    const { pid, startTime, bootId } = ownerIdentity();
    const ports = Object.fromEntries(spec.ports.map(({ name }) => [name, this.#nextPort()]));
    const instance = { id, service: spec.name, runDigest, pid, startTime, bootId, ports, epoch };
    here.set(id, instance);
    return { kind: 'running', instance, already: false };
  }

  async ready(): Promise<ReadyOutcome> {
    return { kind: 'ready' };
  }

  async missing(): Promise<readonly InstanceRecord[]> {
    return [];
  }

  async lastWords(): Promise<string> {
    return 'it has ended';
  }

  async find(scope: Scope, instance: string): Promise<InstanceRecord | undefined> {
    return this.#here(scope).get(instance);
  }

  async list(scope: Scope): Promise<readonly InstanceRecord[]> {
    return [...this.#here(scope).values()];
  }

  async stop(scope: Scope, { id }: InstanceRecord, epoch: number): Promise<Fence> {
    if ((await this.stamp(scope, epoch)) === 'fenced') return 'fenced';
    this.#here(scope).delete(id);
    return 'passed';
  }

  clear(scope: Scope, epoch: number): Promise<Fence> {
    return this.stamp(scope, epoch);
  }

  #here(scope: Scope): Map<string, InstanceRecord> {
    const key = keyOf(scope);
    const here = this.#instances.get(key) ?? new Map<string, InstanceRecord>();
    this.#instances.set(key, here);
    return here;
  }

  #nextPort(): number {
    this.#lastPort = this.#lastPort >= 60_000 ? 20_000 : this.#lastPort + 1;
    return this.#lastPort;
  }
}

function keyOf({ org, env }: Scope): string {
  return `${org}/${env}`;
}
