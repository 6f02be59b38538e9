/** What every service of the storefront answers: who served this hop, and the answers it was composed from. */
export type Answer = {
  readonly service: string;
  readonly version: string;
  /** The environment this process was started for, where its Blueprint says so. */
  readonly environment?: string;
  /** The `msx-env` this hop saw on its request, where there was one. */
  readonly context?: string;
  readonly pid: number;
  readonly result: Result;
  readonly calls: readonly Answer[];
};

export type Result = Readonly<Record<string, unknown>>;

export function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'service' in value && 'calls' in value && 'result' in value;
}
