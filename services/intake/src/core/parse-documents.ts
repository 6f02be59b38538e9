// Owns: text → YAML documents, within limits. Shared by Blueprints and by what is imported.
//
// 1. No text makes it throw, and the work is bounded by `Limits` before memory is spent.
// 2. What it says of a text quotes nothing of it: values may be secret.
import { Composer, type Document, Lexer, type ParsedNode, Parser } from 'yaml';
import type { Limits } from './limits.ts';
import { syntaxReason } from './yaml-findings.ts';

/** Something wrong with a text, at an offset. */
export type Remark = { readonly code: string; readonly at: number; readonly reason: string; readonly next?: string };
export type ParsedDocument = Document.Parsed<ParsedNode> | Document;
export type ParsedDocuments = { readonly documents: readonly ParsedDocument[]; readonly remarks: readonly Remark[] };

type Tokens = Parameters<Composer['compose']>[0];

/** Every document of a text. Where there are remarks, the documents are not to be trusted. `what` is its word: "Blueprint". */
export function parseDocuments(
  text: string,
  limits: Limits,
  what: string,
  tags: readonly string[] = [],
): ParsedDocuments {
  const control = controlCharacter(text);
  if (control !== undefined) return { documents: [], remarks: [control] };
  const tokens = tokensOf(text, limits, what);
  if (tokens.kind === 'stopped') return { documents: [], remarks: [tokens.remark] };
  const documents = [...new Composer(composerOptions).compose(tokens.tokens, true, text.length)];
  return { documents, remarks: documents.flatMap((document) => documentRemarks(document, tags)) };
}

/** `uniqueKeys` costs quadratic time; the check of our own is in locate-nodes.ts. A directive changes none of these. */
const composerOptions = {
  schema: 'core',
  version: '1.2',
  merge: false,
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
  keepSourceTokens: false,
  logLevel: 'silent',
} as const;

type TokenStream =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'stopped'; readonly remark: Remark };

function tokensOf(text: string, { maxTokens, maxDepth }: Limits, what: string): TokenStream {
  const parser = new Parser();
  const tokens = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (++count > maxTokens)
      return stopped('too-many-tokens', parser.offset, `the ${what} has more than ${maxTokens} tokens (maxTokens)`);
    // The stack holds the document and the scalar in hand beside the maps and lists that are open.
    if (parser.stack.length > maxDepth + 2)
      return stopped('too-deep', parser.offset, `maps and lists are nested deeper than ${maxDepth} (maxDepth)`);
  }
  tokens.push(...parser.end());
  return { kind: 'tokens', tokens };
}

function stopped(code: string, at: number, reason: string): TokenStream {
  return { kind: 'stopped', remark: { code, at, reason } };
}

function documentRemarks(document: ParsedDocument, tags: readonly string[]): Remark[] {
  return [...document.errors, ...document.warnings]
    .filter(({ code, message }) => code !== 'TAG_RESOLVE_FAILED' || !tags.some((tag) => message.endsWith(` ${tag}`)))
    .map((error) => ({ code: 'syntax', at: error.pos[0], reason: syntaxReason(error) }));
}

/** What YAML calls not printable; the lexer has meanings of its own for some of them. */
function controlCharacter(text: string): Remark | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const at = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (at === -1) return undefined;
  return { code: 'syntax', at, reason: 'a control character stands here, which YAML does not allow' };
}
