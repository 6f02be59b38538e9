import type { ImportFile } from '@microstax/contracts/import-requests';
import { isScalar, type Node } from 'yaml';
import { defaultLimits, type Limits } from '../limits.ts';
import { locateNodes } from '../locate-nodes.ts';
import type { Located, LocatedEntry } from '../located.ts';
import { parseDocuments } from '../parse-documents.ts';
import type { Complaints } from './complaints.ts';
import type { Sources } from './sources.ts';

/** Wider than a Blueprint's: logging settings are shared by alias in every service of a large application. */
const importLimits: Limits = { ...defaultLimits, maxAliases: 10_000 };

/** Tags that the Compose specification gives a meaning. */
const composeTags = ['!reset', '!override'];

/** The documents of a file as located trees whose offsets are those of `sources`; what is wrong becomes complaints. */
export function readTrees(file: ImportFile, sources: Sources, complaints: Complaints): Located[] {
  const base = sources.add(file);
  const complain = (remark: { code: string; at: number; reason: string; next?: string }): void =>
    complaints.add({
      ...(file.text.includes('{{') ? unrendered : {}),
      ...remark,
      path: file.path,
      at: base + remark.at,
    });
  if (file.text.length > importLimits.maxBlueprintBytes) {
    complain({
      code: 'too-large',
      at: 0,
      reason: `the file has more than ${importLimits.maxBlueprintBytes} characters (maxBlueprintBytes)`,
    });
    return [];
  }
  const { documents, remarks } = parseDocuments(file.text, importLimits, 'file', composeTags);
  for (const remark of remarks) complain(remark);
  if (remarks.length > 0) return [];
  return documents.flatMap((document): Located[] => {
    const contents = document.contents ?? null;
    if (contents === null || (isScalar(contents) && contents.value === null)) return [];
    const located = locateNodes(contents as Node, importLimits, { mergeKeys: true, what: 'file' });
    for (const remark of located.remarks) complain(remark);
    return located.node === undefined ? [] : [moved(located.node, base)];
  });
}

/** What is said of a file that looks like a template. */
const unrendered = { next: 'a template is filled in first: helm template . | msx import kubernetes -' };

function moved(node: Located, base: number): Located {
  if (base === 0) return node;
  const at = node.at + base;
  if (node.kind === 'scalar') return { ...node, at };
  if (node.kind === 'list') return { ...node, at, items: node.items.map((item) => moved(item, base)) };
  const entries = new Map<string, LocatedEntry>();
  for (const [key, entry] of node.entries)
    entries.set(key, { keyAt: entry.keyAt + base, node: moved(entry.node, base) });
  return { ...node, at, entries };
}
