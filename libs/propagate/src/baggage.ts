// W3C baggage (https://www.w3.org/TR/baggage/), as far as passing it on needs it: members of others keep their bytes.

/** One member of a baggage header. Value and properties are as on the wire; `decodeValue` reads the value. */
export type BaggageMember = {
  readonly key: string;
  readonly value: string;
  /** Such as `ttl=5` or `secure`, in their order. */
  readonly properties: readonly string[];
};

/** What the standard obliges a platform to pass on; longer headers are cut at a member's end. */
export const baggageBytesMax = 8_192;
export const baggageMembersMax = 64;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const octets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** Reads a header. Members that break the grammar, and what exceeds the limits, are left out; never throws. */
export function parseBaggage(header: string): readonly BaggageMember[] {
  const members = header.split(',').map(parseMember);
  return withinLimits(members.filter((member) => member !== undefined));
}

/** Writes members as a header; undefined when none are left within the limits. */
export function formatBaggage(members: readonly BaggageMember[]): string | undefined {
  const kept = withinLimits(members);
  return kept.length === 0 ? undefined : kept.map(formatMember).join(',');
}

/** The decoded value of a key; undefined where it is missing or its encoding is broken. Of duplicates the last counts. */
export function baggageValue(members: readonly BaggageMember[], key: string): string | undefined {
  const member = members.findLast((each) => each.key === key);
  return member === undefined ? undefined : decodeValue(member.value);
}

/** The same members with this key set, in front, so that no limit cuts it off. */
export function withBaggageValue(
  members: readonly BaggageMember[],
  key: string,
  value: string,
): readonly BaggageMember[] {
  const others = members.filter((member) => member.key !== key);
  return [{ key, value: encodeValue(value), properties: [] }, ...others];
}

/** Percent-decodes a value; undefined where the encoding is broken. */
export function decodeValue(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function encodeValue(value: string): string {
  return [...value].map((char) => (char !== '%' && octets.test(char) ? char : encodeURIComponent(char))).join('');
}

function parseMember(text: string): BaggageMember | undefined {
  const [pair = '', ...rest] = text.split(';').map((part) => part.trim());
  const [key, value] = splitPair(pair);
  if (value === undefined || !token.test(key) || !octets.test(value)) return undefined;
  const properties = rest.filter((property) => property !== '');
  return properties.every(isProperty) ? { key, value, properties } : undefined;
}

function isProperty(text: string): boolean {
  const [key, value] = splitPair(text);
  return token.test(key) && (value === undefined || octets.test(value));
}

function splitPair(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function formatMember({ key, value, properties }: BaggageMember): string {
  return [`${key}=${value}`, ...properties].join(';');
}

function withinLimits(members: readonly BaggageMember[]): readonly BaggageMember[] {
  const kept: BaggageMember[] = [];
  let bytes = 0;
  for (const member of members.slice(0, baggageMembersMax)) {
    const more = formatMember(member).length + (kept.length === 0 ? 0 : 1); // the comma
    if (bytes + more > baggageBytesMax) continue;
    bytes += more;
    kept.push(member);
  }
  return kept;
}
