// W3C tracestate (https://www.w3.org/TR/trace-context/), as far as finding one member needs it. It is passed on as it came.

export const tracestateMembersMax = 32;
const valueCharsMax = 256;

/**
 * The value of a key. Of duplicates the first counts, for the newest stands left. A list of too many members is malformed
 * as a whole, a member that breaks the grammar alone is. Never throws.
 */
export function tracestateValue(tracestate: string, key: string): string | undefined {
  const members = tracestate.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''));
  if (members.filter((member) => member !== '').length > tracestateMembersMax) return undefined;
  const value = members.find((member) => member.startsWith(`${key}=`))?.slice(key.length + 1);
  return value !== undefined && value.length <= valueCharsMax && /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]+$/.test(value)
    ? value
    : undefined;
}
