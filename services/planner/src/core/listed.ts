const namesMax = 6; // a sentence that names more is not read any more

/** `a`, `a and b`, `a, b and c`; what passes six names is counted. */
export function listed(names: readonly string[]): string {
  const shown = names.length > namesMax ? names.slice(0, namesMax - 1) : names;
  const rest = names.length - shown.length;
  const parts = rest > 0 ? [...shown, `${rest} more`] : shown;
  if (parts.length < 2) return parts[0] ?? '';
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** `1 service`, `3 services`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
