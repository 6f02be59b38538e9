// Owns: text → maps, lists and scalars with places, within limits.
// Does not own: what a Blueprint may say (blueprint-schema.ts).
//
// 1. No text makes it throw, and the work is bounded by `Limits` before memory is spent.
// 2. What it says of a text quotes keys only, and none under `secrets`: values may be secret.
import type { Finding } from '@microstax/model/finding';
import { Composer, type Document, isScalar, Lexer, type Node, type ParsedNode, Parser } from 'yaml';
import type { Limits } from './limits.ts';
import { type LineIndex, lineIndex } from './line-index.ts';
import { locateNodes } from './locate-nodes.ts';
import type { Source } from './problem.ts';
import { syntaxReason } from './yaml-findings.ts';

export type ParsedText =
  | { readonly kind: 'read'; readonly source: Source; readonly findings: readonly Finding[] }
  | { readonly kind: 'unreadable'; readonly findings: readonly Finding[] };

type Remark = { readonly code: string; readonly at: number; readonly reason: string; readonly next?: string };
type Tokens = Parameters<Composer['compose']>[0];

/** Reads YAML or JSON (which is YAML). `read` may carry findings too: repeated keys, aliases past their limit. */
export function parseBlueprint(text: string, limits: Limits): ParsedText {
  const lines = lineIndex(text);
  const unreadable = (remarks: readonly Remark[]): ParsedText => ({
    kind: 'unreadable',
    findings: remarks.map((remark) => toFinding(remark, lines)),
  });
  const control = controlCharacter(text);
  if (control !== undefined) return unreadable([control]);
  const tokens = tokensOf(text, limits);
  if (tokens.kind === 'stopped') return unreadable([tokens.remark]);
  const documents = [...new Composer(composerOptions).compose(tokens.tokens, true, text.length)];
  const remarks = documents.flatMap(documentRemarks);
  const [document, another] = documents;
  if (another !== undefined) remarks.push(anotherDocument(another));
  if (remarks.length > 0) return unreadable(remarks);
  const contents = document?.contents ?? null;
  if (contents === null || (isScalar(contents) && contents.value === null)) return unreadable([empty]);
  const { node, remarks: structural } = locateNodes(contents as Node, limits);
  const findings = structural.map((remark) => toFinding(remark, lines));
  if (node === undefined) return { kind: 'unreadable', findings };
  return { kind: 'read', source: { tree: node, lines }, findings };
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

const empty: Remark = {
  code: 'empty',
  at: 0,
  reason: 'the Blueprint is empty',
  next: 'a Blueprint is a map with at least "name" and "services"',
};

type TokenStream =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'stopped'; readonly remark: Remark };

function tokensOf(text: string, { maxTokens, maxDepth }: Limits): TokenStream {
  const parser = new Parser();
  const tokens = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (++count > maxTokens)
      return stopped('too-many-tokens', parser.offset, `the Blueprint has more than ${maxTokens} tokens (maxTokens)`);
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

function documentRemarks(document: Document.Parsed<ParsedNode> | Document): Remark[] {
  return [...document.errors, ...document.warnings].map((error) => ({
    code: 'syntax',
    at: error.pos[0],
    reason: syntaxReason(error),
  }));
}

function anotherDocument(document: { readonly range?: readonly number[] | null | undefined }): Remark {
  return {
    code: 'syntax',
    at: document.range?.[0] ?? 0,
    reason: 'a second document begins here, one message holds one Blueprint',
    next: 'submit each Blueprint on its own',
  };
}

/** What YAML calls not printable; the lexer has meanings of its own for some of them. */
function controlCharacter(text: string): Remark | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const at = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (at === -1) return undefined;
  return { code: 'syntax', at, reason: 'a control character stands here, which YAML does not allow' };
}

function toFinding({ code, at, reason, next }: Remark, lines: LineIndex): Finding {
  return {
    severity: 'error',
    code,
    subject: 'blueprint',
    reason,
    ...(next === undefined ? {} : { next }),
    position: lines.positionAt(at),
  };
}
