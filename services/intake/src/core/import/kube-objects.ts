import type { ImportFile } from '@microstax/contracts/import-requests';
import type { LocatedMap } from '../located.ts';
import { kindOf } from '../located.ts';
import { quote } from '../quote.ts';
import type { Complaints } from './complaints.ts';
import { asList, asMap, asText, child } from './nodes.ts';
import { readTrees } from './read-tree.ts';
import type { Sources } from './sources.ts';

export type KubeObject = {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly node: LocatedMap;
};

const defaultNamespace = 'default';

/** Every object of the files, lists taken apart, in the order of the text. */
export function kubeObjects(files: readonly ImportFile[], sources: Sources, complaints: Complaints): KubeObject[] {
  return files.flatMap((file) =>
    readTrees(file, sources, complaints).flatMap((document) => {
      if (document.kind === 'map') return objectsIn(document, complaints);
      complaints.add({
        code: 'wrong-type',
        path: file.path,
        at: document.at,
        reason: `expected a map: a manifest with apiVersion, kind and metadata, found ${kindOf(document)}`,
      });
      return [];
    }),
  );
}

function objectsIn(node: LocatedMap, complaints: Complaints): KubeObject[] {
  const reading = { complaints };
  const kind = asText(child(node, 'kind'), 'kind', reading);
  if (kind === undefined) {
    const compose = node.entries.has('services');
    complaints.add({
      code: compose ? 'other-format' : 'missing-key',
      path: 'kind',
      at: node.at,
      reason: compose ? 'this is a Compose file, not a manifest' : '"kind" is missing',
      ...(compose ? { next: 'msx import compose <file>' } : {}),
    });
    return [];
  }
  if (kind.endsWith('List') && node.entries.has('items'))
    return asList(child(node, 'items'), `${kind}.items`, reading).flatMap((item) => {
      const map = asMap(item, `${kind}.items`, reading);
      return map === undefined ? [] : objectsIn(map, complaints);
    });
  if (asText(child(node, 'apiVersion'), `${kind}.apiVersion`, reading) === undefined)
    complaints.add({ code: 'missing-key', path: kind, at: node.at, reason: '"apiVersion" is missing' });
  const metadata = asMap(child(node, 'metadata'), `${kind}.metadata`, reading);
  const name = asText(child(metadata, 'name'), `${kind}.metadata.name`, reading);
  if (name === undefined || name === '') {
    complaints.add({
      code: 'missing-key',
      path: `${kind}.metadata.name`,
      at: metadata?.at ?? node.at,
      reason: `this ${quote(kind)} has no name`,
      next: 'write metadata: { name: … }',
    });
    return [];
  }
  return [
    {
      kind,
      name,
      node,
      namespace: asText(child(metadata, 'namespace'), `${kind}/${name}`, reading) ?? defaultNamespace,
    },
  ];
}
