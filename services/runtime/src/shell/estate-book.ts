import { environmentKey } from '@microstax/contracts/topology';
import type { JournalPosition } from './task.ts';

/** Environments that this process looks after, where their journals stood when it wrote to them last. */
export class EstateBook {
  readonly #positions = new Map<string, JournalPosition>();

  note(position: JournalPosition): void {
    this.#positions.set(environmentKey(position.org, position.env), position);
  }

  /** Somebody else owns it now. */
  forget(org: string, env: string): void {
    this.#positions.delete(environmentKey(org, env));
  }

  get(org: string, env: string): JournalPosition | undefined {
    return this.#positions.get(environmentKey(org, env));
  }

  all(): readonly JournalPosition[] {
    return [...this.#positions.values()];
  }
}
