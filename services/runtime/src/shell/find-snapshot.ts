import type { SnapshotItem } from '@microstax/contracts/data-requests';
import type { SnapshotSpec } from '@microstax/model/revision';
import type { Graph } from './graph.ts';

/** The recorded snapshot that is meant, the newest with data of the service where none is named; a text where there is none. */
export async function findSnapshot(
  graph: Pick<Graph, 'snapshots'>,
  org: string,
  { from, service }: { readonly from: SnapshotSpec['from']; readonly service: string },
): Promise<SnapshotItem | string> {
  const all = await graph.snapshots(org, { env: from.env });
  const has = (item: SnapshotItem): boolean => item.services.some((part) => part.service === service);
  const found = from.name === undefined ? all.find(has) : all.find(({ name }) => name === from.name);
  if (found !== undefined && has(found)) return found;
  if (found !== undefined)
    return `Snapshot ${from.env}/${found.name} has no data of "${service}"; it has: ${found.services.map((part) => part.service).join(', ')}`;
  const known = all.map(({ env, name }) => `${env}/${name}`).join(', ');
  const wanted =
    from.name === undefined
      ? `snapshot of "${from.env}" with data of "${service}"`
      : `snapshot ${from.env}/${from.name}`;
  return `There is no ${wanted}; known: ${known || 'none'} (msx snapshot create ${from.env})`;
}
