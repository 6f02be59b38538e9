import type { YAMLError } from 'yaml';

/**
 * What the parser says is repeated only where its sentences are constant. The others quote the text, and the text may
 * hold a secret.
 */
const constantSentences: ReadonlySet<string> = new Set([
  'ALIAS_PROPS',
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'BLOCK_IN_FLOW',
  'KEY_OVER_1024_CHARS',
  'MISSING_CHAR',
  'MULTILINE_IMPLICIT_KEY',
  'MULTIPLE_ANCHORS',
  'MULTIPLE_TAGS',
  'TAB_AS_INDENT',
]);

const ownSentences: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an anchor or alias has no readable name',
  BAD_DIRECTIVE: 'a directive cannot be read',
  BAD_DQ_ESCAPE: 'a double-quoted text holds an escape that YAML does not know',
  BAD_PROP_ORDER: 'an anchor or tag stands before the indicator that it belongs after',
  BAD_SCALAR_START: 'a text without quotes begins with a character that YAML reserves',
  RESOURCE_EXHAUSTION: 'the text is nested too deeply to be read',
  TAG_RESOLVE_FAILED: 'a tag is not known; a text that begins with "!" needs quotes',
  UNEXPECTED_TOKEN: 'something stands here that does not fit',
};

/** One sentence about a syntax error; quotes nothing of the text. */
export function syntaxReason({ code, message }: Pick<YAMLError, 'code' | 'message'>): string {
  if (constantSentences.has(code)) return message.charAt(0).toLowerCase() + message.slice(1);
  return ownSentences[code] ?? 'the text is not YAML';
}
