import type { InstanceRecord } from '@microstax/model/journal';
import type { DataHands } from '../driver/data-hands.ts';
import type { Driver, Fence, ReadyOutcome, Scope, StartOutcome, StartRequest } from '../driver/driver.ts';

/** A world of processes in memory that checks the fence as the shim does; only for tests. */
export class MemoryDriver implements Driver {
  readonly living = new Map<string, InstanceRecord>();
  /** Every start that made a process, in order. */
  readonly starts: string[] = [];
  readonly stops: string[] = [];
  /** What readiness says of a service; by default it is ready. */
  readiness: (instance: InstanceRecord, signal: AbortSignal) => Promise<ReadyOutcome> = async () => ({ kind: 'ready' });
  /** What it can do with data; by default nothing. */
  data?: DataHands;
  #epoch = 0;
  #nextPid = 100;

  async stamp(_scope: Scope, epoch: number): Promise<Fence> {
    if (epoch < this.#epoch) return 'fenced';
    this.#epoch = epoch;
    return 'passed';
  }

  async prepare(): Promise<Fence> {
    return 'passed';
  }

  async rename(): Promise<Fence> {
    return 'passed';
  }

  async ensureSecrets(): Promise<void> {}

  async start({ instance: id, epoch, spec, runDigest, ports: had }: StartRequest): Promise<StartOutcome> {
    if (epoch < this.#epoch) return { kind: 'fenced' };
    const known = this.living.get(id);
    if (known) return { kind: 'running', instance: known, already: true };
    this.#nextPid += 1;
    const ports = had ?? { http: 40_000 + this.#nextPid };
    const record = { id, service: spec.name, runDigest, pid: this.#nextPid, startTime: '1', bootId: 'b', ports, epoch };
    this.living.set(id, record);
    this.starts.push(id);
    return { kind: 'running', instance: record, already: false };
  }

  ready({ instance, signal }: { instance: InstanceRecord; signal: AbortSignal }): Promise<ReadyOutcome> {
    return this.readiness(instance, signal);
  }

  async missing(_scope: Scope, instances: readonly InstanceRecord[]): Promise<readonly InstanceRecord[]> {
    return instances.filter(({ id, pid }) => this.living.get(id)?.pid !== pid);
  }

  async lastWords(): Promise<string> {
    return 'it has ended';
  }

  async find(_scope: Scope, instance: string): Promise<InstanceRecord | undefined> {
    return this.living.get(instance);
  }

  async list(): Promise<readonly InstanceRecord[]> {
    return [...this.living.values()];
  }

  async stop(_scope: Scope, { id }: InstanceRecord, epoch: number): Promise<Fence> {
    if (epoch < this.#epoch) return 'fenced';
    this.living.delete(id);
    this.stops.push(id);
    return 'passed';
  }

  async clear(scope: Scope, epoch: number): Promise<Fence> {
    return this.stamp(scope, epoch);
  }
}
