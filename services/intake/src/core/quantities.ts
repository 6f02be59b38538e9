/** `250m`, `0.25`, `"1"` or 1 as millicores; undefined where it is none, or none that is at least 1. */
export function cpuMillicores(written: string | number): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,9})?)(m?)$/.exec(String(written));
  if (match === null) return undefined;
  const millicores = Math.round(Number(match[1]) * (match[2] === 'm' ? 1 : 1_000));
  return millicores >= 1 && Number.isSafeInteger(millicores) ? millicores : undefined;
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** `128Mi`, `1.5Gi`, `512M` or bytes as bytes; undefined where it is none. */
export function quantityBytes(written: string | number): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,9})?)([kMGT]?|[KMGT]i)$/.exec(String(written));
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * (unitBytes[match[2] ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
