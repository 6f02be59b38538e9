import { expect } from 'vitest';

/**
 * Reads a pure decision as a sentence: `given(() => stateOf(…)).when((state) => decide(state, command)).then(decision)`.
 * `given` takes a value, or a function where the value must be fresh for each use.
 */
export function given<State>(state: State | (() => State)): Given<State> {
  return {
    when: (decide) => {
      const attempt = attempted(() => decide(typeof state === 'function' ? (state as () => State)() : state));
      return {
        // biome-ignore lint/suspicious/noThenProperty: given, when, then is what the test shall say; nobody awaits it
        then: (expected) => expect(outcomeOf(attempt)).toEqual(expected),
        thenMatches: (expected) => expect(outcomeOf(attempt)).toMatchObject(expected),
        thenCheck: (check) => check(outcomeOf(attempt)),
        thenThrows: (message) => {
          expect(() => outcomeOf(attempt)).toThrow(message);
        },
      };
    },
  };
}

export type Given<State> = {
  when<Decision>(decide: (state: State) => Decision): When<Decision>;
};

export type When<Decision> = {
  /** The decision equals this value, deeply. */
  then(expected: Decision): void;
  /** The decision holds at least these fields. */
  thenMatches(expected: Partial<Decision> & object): void;
  /** Assertions of the test's own. */
  thenCheck(check: (decision: Decision) => void): void;
  /** Deciding throws, with this in its message. */
  thenThrows(message: string | RegExp): void;
};

type Attempt<Decision> = { readonly value: Decision } | { readonly error: unknown };

function attempted<Decision>(decide: () => Decision): Attempt<Decision> {
  try {
    return { value: decide() };
  } catch (error) {
    return { error };
  }
}

function outcomeOf<Decision>(attempt: Attempt<Decision>): Decision {
  if ('error' in attempt) throw attempt.error;
  return attempt.value;
}
