/** `300M`, `1.5gb`, `1048576`: Docker counts in powers of 1024 whatever the letters; undefined where it is none. */
export function dockerBytes(written: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)\s*([bkmgt]?)(?:i?b)?$/i.exec(written.trim());
  if (match === null) return undefined;
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase().replace('b', ''));
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** Bytes as a Blueprint writes them: `300Mi`. */
export function quantityOf(bytes: number): string {
  for (const [unit, size] of [
    ['Gi', 1024 ** 3],
    ['Mi', 1024 ** 2],
    ['Ki', 1024],
  ] as const)
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  return String(bytes);
}

/** `0.5` or `2` processors as millicores. */
export function millicores(written: string): string | undefined {
  const cpus = /^\d{1,6}(?:\.\d{1,9})?$/.test(written.trim()) ? Math.round(Number(written) * 1000) : 0;
  return cpus >= 1 ? `${cpus}m` : undefined;
}

/** `1m30s`, `500ms`, `10s` in seconds; undefined where it is none. */
export function durationSeconds(written: string): number | undefined {
  const match = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?(?:\d+(?:us|ns))?$/.exec(written.trim());
  if (match === null || written.trim() === '') return undefined;
  const [hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = match.slice(1, 5).map((part) => Number(part ?? 0));
  return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000;
}
