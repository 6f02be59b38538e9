/** `MSX_FAULTS=long` runs the counts of the issue; by default a form short enough for every change. */
export const isLong = process.env.MSX_FAULTS === 'long';

export function times(short: number, long: number): number {
  return isLong ? long : short;
}

/** One counted line a run, for people who read the output. */
export function counted(what: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`faults: ${what}: ${text.join(', ')}\n`);
}
