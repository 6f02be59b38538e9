import type { Finding } from '@microstax/model/finding';
import type { Limits } from './limits.ts';
import { lineIndex } from './line-index.ts';

export type DecodedBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly findings: readonly Finding[] };

/** The bytes of a submission as text, or why they are none; the finding stands where the limit or UTF-8 is broken. */
export function decodeBody(body: Uint8Array, { maxBlueprintBytes }: Pick<Limits, 'maxBlueprintBytes'>): DecodedBody {
  if (body.length > maxBlueprintBytes)
    return unreadable(body.subarray(0, maxBlueprintBytes), {
      code: 'too-many-bytes',
      reason: `the Blueprint has ${body.length} bytes, maxBlueprintBytes is ${maxBlueprintBytes}; the limit is passed here`,
      next: 'divide the environment into a baseline and overlays, or raise maxBlueprintBytes',
    });
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(body) };
  } catch {
    return unreadable(body.subarray(0, validPrefixLength(body)), {
      code: 'not-utf-8',
      reason: 'the Blueprint is not UTF-8 text; the first byte that does not fit is here',
      next: 'save the Blueprint as UTF-8 and submit it again',
    });
  }
}

function unreadable(
  before: Uint8Array,
  { code, reason, next }: { code: string; reason: string; next: string },
): DecodedBody {
  const text = new TextDecoder('utf-8', { fatal: false }).decode(before);
  const position = lineIndex(text).positionAt(text.length);
  return { kind: 'unreadable', findings: [{ severity: 'error', code, subject: 'blueprint', reason, next, position }] };
}

/** The length of the longest prefix that is UTF-8: whether a prefix is, changes once. */
function validPrefixLength(body: Uint8Array): number {
  let low = 0;
  let high = body.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (isUtf8Prefix(body.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

function isUtf8Prefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
