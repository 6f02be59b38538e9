/** `1.4` as numbers; undefined where it is none. Major alone stands for its minor 0. */
export function contractVersion(text: string): { readonly major: number; readonly minor: number } | undefined {
  const match = /^(\d{1,6})(?:\.(\d{1,6}))?$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2] ?? 0) };
}

/** Whether a service of that contract serves who requires this one: the same major, and at least the minor. */
export function satisfiesContract(offered: string, required: string): boolean {
  const [has, wants] = [contractVersion(offered), contractVersion(required)];
  return has !== undefined && wants !== undefined && has.major === wants.major && has.minor >= wants.minor;
}
