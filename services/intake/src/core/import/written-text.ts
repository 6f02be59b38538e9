import type { Located, LocatedScalar } from '../located.ts';

/** A text of the files once its variables are filled in: where it stands, and which variables it was made of. */
export type WrittenText = {
  readonly text: string;
  readonly at: number;
  /** Names, those of their own values included: they tell a secret, and what a port speaks. */
  readonly variables: readonly string[];
  /** A variable in it has no value. */
  readonly unset?: boolean;
};

/** A scalar that was filled in. Whoever copies it with `...` keeps what it was made of. */
type FilledScalar = LocatedScalar & { readonly variables?: readonly string[]; readonly unset?: boolean };

export function filledScalar(node: LocatedScalar, { text, variables, unset }: WrittenText): LocatedScalar {
  const filled: FilledScalar = { ...node, value: text, source: text, variables, ...(unset ? { unset } : {}) };
  return filled;
}

/** A new text each time, so that two services never share one. */
export function writtenTextOf(node: Located | undefined): WrittenText | undefined {
  if (node?.kind !== 'scalar') return undefined;
  const { source: text, at, variables = [], unset }: FilledScalar = node;
  return { text, at, variables, ...(unset ? { unset } : {}) };
}
