// W3C baggage (https://www.w3.org/TR/baggage/), as far as passing it on needs it: members of others keep their bytes.

/** One member of a baggage header. The value is as on the wire; `decodeValue` reads it. */
export type BaggageMember = {
  readonly key: string;
  readonly value: string;
  /** The whole member as it came, with its properties and the white space within. */
  readonly text: string;
};

/** What the standard obliges a platform to pass on; longer headers are cut at a member's end. */
export const baggageBytesMax = 8_192;
export const baggageMembersMax = 64;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const octets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const spaceAround = /^[ \t]+|[ \t]+$/g;

/**
 * Reads a header. Members that break the grammar are left out, their neighbours stay; duplicates stay, in their order.
 * Nothing is cut here: a member that we look for counts wherever it stands. Never throws.
 */
export function parseBaggage(header: string): readonly BaggageMember[] {
  if (header === '') return [];
  return header
    .split(',')
    .map(parseMember)
    .filter((member) => member !== undefined);
}

/** Writes members as a header, each with its bytes; what exceeds the limits is left out. undefined when none are left. */
export function formatBaggage(members: readonly BaggageMember[]): string | undefined {
  const kept = withinLimits(members);
  return kept.length === 0 ? undefined : kept.map(({ text }) => text).join(',');
}

/** The decoded value of a key; undefined where it is missing or its encoding is broken. Of duplicates the last counts. */
export function baggageValue(members: readonly BaggageMember[], key: string): string | undefined {
  const member = members.findLast((each) => each.key === key);
  return member === undefined ? undefined : decodeValue(member.value);
}

/** The same members with this key set, once and in front, so that no limit cuts it off. */
export function withBaggageValue(
  members: readonly BaggageMember[],
  key: string,
  value: string,
): readonly BaggageMember[] {
  const encoded = encodeValue(value);
  return [{ key, value: encoded, text: `${key}=${encoded}` }, ...members.filter((member) => member.key !== key)];
}

/** Percent-decodes a value; undefined where the encoding is broken. */
export function decodeValue(value: string): string | undefined {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function encodeValue(value: string): string {
  return [...value].map((char) => (char !== '%' && octets.test(char) ? char : encodeURIComponent(char))).join('');
}

function parseMember(raw: string): BaggageMember | undefined {
  const text = trimmed(raw);
  const end = text.indexOf(';');
  const [key, value] = splitPair(end < 0 ? text : text.slice(0, end));
  if (value === undefined || !token.test(key) || !octets.test(value)) return undefined;
  if (
    end >= 0 &&
    !text
      .slice(end + 1)
      .split(';')
      .every(isProperty)
  )
    return undefined;
  return { key, value, text };
}

/** Such as `ttl=5` or `secure`; an empty one, as a semicolon at the end leaves it, harms nobody. */
function isProperty(text: string): boolean {
  if (trimmed(text) === '') return true;
  const [key, value] = splitPair(text);
  return token.test(key) && (value === undefined || octets.test(value));
}

function splitPair(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [trimmed(text), undefined] : [trimmed(text.slice(0, at)), trimmed(text.slice(at + 1))];
}

/** Optional white space is spaces and tabs only. */
function trimmed(text: string): string {
  return isSpace(text, 0) || isSpace(text, text.length - 1) ? text.replace(spaceAround, '') : text;
}

function isSpace(text: string, at: number): boolean {
  const char = text[at];
  return char === ' ' || char === '\t';
}

function withinLimits(members: readonly BaggageMember[]): readonly BaggageMember[] {
  const kept: BaggageMember[] = [];
  let bytes = 0;
  for (const member of members) {
    if (kept.length === baggageMembersMax) break;
    const more = member.text.length + (kept.length === 0 ? 0 : 1); // the comma
    if (bytes + more > baggageBytesMax) continue;
    bytes += more;
    kept.push(member);
  }
  return kept;
}
