const microsPerDollar = 1_000_000;

/** `$0.0051`: integer micro-dollars without rounding, at least two decimals. */
export function dollars(micros: number): string {
  const whole = Math.floor(micros / microsPerDollar);
  const decimals = String(micros % microsPerDollar)
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `$${whole}.${decimals}`;
}
