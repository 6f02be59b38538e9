import type { KeepSnapshotReply, SnapshotItem, SnapshotsReply } from '@microstax/contracts/data-requests';
import { isToken } from '@microstax/model/names';
import { snapshotAt, snapshotPrefix } from '../core/places.ts';
import { isSound, keepSnapshot, newestFirst } from '../core/snapshots.ts';
import type { Graph } from './graph.ts';

type About = { readonly org: string };

/** Records a snapshot. Rejects one whose digest is not its own, which is a defect of whoever sent it. */
export async function answerKeepSnapshot(graph: Graph, item: SnapshotItem, { org }: About): Promise<KeepSnapshotReply> {
  const { env, name } = item;
  if (item.org !== org || !isToken(env) || !isToken(name) || !isSound(item))
    throw new Error(`Cannot record snapshot ${JSON.stringify(`${env}/${name}`)}: it is not what its digest says`);
  const { reply } = await graph.transact(
    (reader) => reader.get<SnapshotItem>(snapshotAt(org, env, name)),
    (known) => keepSnapshot(item, known, graph.clock.now()),
  );
  return reply;
}

/** All snapshots of an organisation, of one environment, or the one of a name; newest first. */
export async function answerSnapshots(
  graph: Graph,
  { env, name }: { readonly env?: string | undefined; readonly name?: string | undefined },
  { org }: About,
): Promise<SnapshotsReply> {
  if (env !== undefined && !isToken(env)) return { items: [] };
  const rows = await graph.store.scan<SnapshotItem>('meta', { prefix: snapshotPrefix(org, env) });
  const items = rows.map(({ body }) => body);
  return { items: newestFirst(name === undefined ? items : items.filter((item) => item.name === name)) };
}
