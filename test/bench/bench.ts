/** One line of a result. `floor` and `ratio` are null where nothing bare stands beside it. */
export type Row = {
  readonly name: string;
  readonly n: number;
  readonly unit: string;
  readonly p50: number;
  readonly p99: number;
  readonly floor: number | null;
  readonly ratio: number | null;
};

export type BenchOptions = {
  /** A word about what is under way. */
  readonly progress: (line: string) => void;
  /** A tenth of the samples, to see whether it works. */
  readonly quick: boolean;
};

export type Bench = {
  readonly name: string;
  readonly summary: string;
  /** What the lines mean, for `--help` and below the table. */
  readonly legend: readonly string[];
  readonly run: (options: BenchOptions) => Promise<readonly Row[]>;
};
