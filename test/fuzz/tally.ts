export type Timing = {
  readonly index: number;
  readonly chars: number;
  readonly wallMs: number;
  readonly cpuMs: number;
};
export type Failure = { readonly index: number; readonly reason: string };

/** What a range of mutants came to. */
export type PlainTally = {
  count: number;
  readonly kinds: Record<string, number>;
  readonly codes: Record<string, number>;
  /** The slowest by processor time, slowest first. */
  slowest: Timing[];
  readonly failures: Failure[];
};
export type Tally = PlainTally & { note(timing: Timing, failure?: Failure): void; plain(): PlainTally };

const slowestMax = 5;
const failuresMax = 20;

export function emptyTally(): Tally {
  const plain: PlainTally = { count: 0, kinds: {}, codes: {}, slowest: [], failures: [] };
  return Object.assign(plain, {
    note(timing: Timing, failure?: Failure): void {
      plain.count++;
      plain.slowest = slowestOf([...plain.slowest, timing]);
      if (failure !== undefined && plain.failures.length < failuresMax) plain.failures.push(failure);
    },
    plain: (): PlainTally => ({
      count: plain.count,
      kinds: plain.kinds,
      codes: plain.codes,
      slowest: plain.slowest,
      failures: plain.failures,
    }),
  });
}

/** One tally of several. */
export function summed(tallies: readonly PlainTally[]): PlainTally {
  const sum = emptyTally().plain();
  for (const { count, kinds, codes, slowest, failures } of tallies) {
    sum.count += count;
    for (const [kind, times] of Object.entries(kinds)) sum.kinds[kind] = (sum.kinds[kind] ?? 0) + times;
    for (const [code, times] of Object.entries(codes)) sum.codes[code] = (sum.codes[code] ?? 0) + times;
    sum.slowest = slowestOf([...sum.slowest, ...slowest]);
    sum.failures.push(...failures);
  }
  return sum;
}

function slowestOf(timings: readonly Timing[]): Timing[] {
  return timings.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, slowestMax);
}
