/** Nearest rank: of five values p95 is the largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function spread(values: readonly number[]): {
  readonly p50: string;
  readonly p95: string;
  readonly max: string;
} {
  const ms = (share: number): string => `${Math.round(quantile(values, share))} ms`;
  return { p50: ms(0.5), p95: ms(0.95), max: ms(1) };
}
