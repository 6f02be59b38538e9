const secondsMax = 10 * 366 * 86_400; // what is to live longer than ten years is given no end

/** `10s`, `1m30s`, `72h`, `7d` or a number of seconds as whole seconds; undefined where it is none. */
export function durationSeconds(written: string | number): number | undefined {
  const text = /^\d+$/.test(String(written)) ? `${written}s` : String(written);
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [, d = 0, h = 0, m = 0, s = 0] = match;
  const seconds = Number(d) * 86_400 + Number(h) * 3_600 + Number(m) * 60 + Number(s);
  return seconds <= secondsMax ? seconds : undefined;
}
