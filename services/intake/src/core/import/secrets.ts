import type { DraftSecret, DraftVariable } from './draft.ts';
import { saysSecret, secretBecause } from './secret-names.ts';
import type { WrittenText } from './written-text.ts';

/**
 * Turns values that must not be written out into references. Services that were given one value get one reference, so
 * that a database and its clients go on agreeing.
 */
export class SecretReferences {
  readonly #byValue = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #secret: string;

  /** `secret` is the one that everything is to be found in. */
  constructor(secret: string) {
    this.#secret = secret;
  }

  sort(
    service: string,
    variables: Iterable<readonly [string, WrittenText]>,
  ): { readonly env: readonly DraftVariable[]; readonly secrets: readonly DraftSecret[] } {
    const env: DraftVariable[] = [];
    const secrets: DraftSecret[] = [];
    for (const [name, value] of variables) {
      const unset = value.unset === true && [name, ...value.variables].some(saysSecret);
      const reason = unset
        ? 'its name says that it is secret, and it has no value here'
        : secretBecause(name, value.text, value.variables);
      if (reason === undefined) env.push({ name, value });
      else secrets.push({ envKey: name, ref: this.#refOf(service, name, value), reason, at: value.at, value });
    }
    return { env, secrets };
  }

  #refOf(service: string, name: string, { text, variables, unset }: WrittenText): string {
    const known = unset ? undefined : this.#byValue.get(text);
    if (known !== undefined) return known;
    const made = variables.length === 1 ? variables[0] : undefined;
    let key = made ?? `${service}.${name}`;
    if (this.#taken.has(key) && !unset) key = `${service}.${name}`;
    this.#taken.add(key);
    const ref = `${this.#secret}/${key}`;
    if (!unset) this.#byValue.set(text, ref);
    return ref;
  }
}
