import { quote } from '../quote.ts';
import type { Complaints } from './complaints.ts';

const nameCharsMax = 40;

/** A foreign name as one of ours: `Order_API.v1` becomes `order-api-v1`; undefined where nothing of it is left. */
export function ourName(written: string): string | undefined {
  const name = written
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, nameCharsMax)
    .replace(/^-+|-+$/g, '');
  return name === '' ? undefined : name;
}

/** Whether a Blueprint can have a variable of this name. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/.test(name) && name !== '__proto__';
}

/** Gives every foreign name one of ours, and complains where two would be one. */
export class Names {
  readonly #taken = new Map<string, string>();
  readonly #complaints: Complaints;

  constructor(complaints: Complaints) {
    this.#complaints = complaints;
  }

  take(written: string, path: string, at: number): string | undefined {
    const name = ourName(written);
    const before = name === undefined ? undefined : this.#taken.get(name);
    if (name === undefined)
      this.#complaints.add({
        code: 'bad-name',
        path,
        at,
        reason: `nothing of ${quote(written)} can be a name: allowed are a-z, 0-9 and "-"`,
      });
    else if (before !== undefined)
      this.#complaints.add({
        code: 'duplicate-service',
        path,
        at,
        reason:
          before === written
            ? `service ${quote(written)} is declared twice`
            : `${quote(written)} and ${quote(before)} would both be called ${quote(name)}`,
        next: 'rename one of them',
      });
    else {
      this.#taken.set(name, written);
      return name;
    }
    return undefined;
  }
}
