// Owns: a Blueprint's text → maps, lists and scalars with places, within limits.
// Does not own: what a Blueprint may say (blueprint-schema.ts).
//
// 1. No text makes it throw, and the work is bounded by `Limits` before memory is spent.
// 2. What it says of a text quotes keys only, and none under `secrets`: values may be secret.
import type { Finding } from '@microstax/model/finding';
import { isScalar, type Node } from 'yaml';
import type { Limits } from './limits.ts';
import { type LineIndex, lineIndex } from './line-index.ts';
import { locateJson } from './locate-json.ts';
import { locateNodes } from './locate-nodes.ts';
import { parseDocuments, type Remark } from './parse-documents.ts';
import type { Source } from './problem.ts';

export type ParsedText =
  | { readonly kind: 'read'; readonly source: Source; readonly findings: readonly Finding[] }
  | { readonly kind: 'unreadable'; readonly findings: readonly Finding[] };

/** Reads YAML or JSON (which is YAML). `read` may carry findings too: repeated keys, aliases past their limit. */
export function parseBlueprint(text: string, limits: Limits): ParsedText {
  const lines = lineIndex(text);
  const tree = locateJson(text, limits);
  if (tree !== undefined) return { kind: 'read', source: { tree, lines }, findings: [] };
  const unreadable = (remarks: readonly Remark[]): ParsedText => ({
    kind: 'unreadable',
    findings: remarks.map((remark) => toFinding(remark, lines)),
  });
  const { documents, remarks } = parseDocuments(text, limits, 'Blueprint');
  const [document, another] = documents;
  const wrong = another === undefined ? remarks : [...remarks, anotherDocument(another)];
  if (wrong.length > 0) return unreadable(wrong);
  const contents = document?.contents ?? null;
  if (contents === null || (isScalar(contents) && contents.value === null)) return unreadable([empty]);
  const { node, remarks: structural } = locateNodes(contents as Node, limits);
  const findings = structural.map((remark) => toFinding(remark, lines));
  if (node === undefined) return { kind: 'unreadable', findings };
  return { kind: 'read', source: { tree: node, lines }, findings };
}

const empty: Remark = {
  code: 'empty',
  at: 0,
  reason: 'the Blueprint is empty',
  next: 'a Blueprint is a map with at least "name" and "services"',
};

function anotherDocument(document: { readonly range?: readonly number[] | null | undefined }): Remark {
  return {
    code: 'syntax',
    at: document.range?.[0] ?? 0,
    reason: 'a second document begins here, one message holds one Blueprint',
    next: 'submit each Blueprint on its own',
  };
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
