import type { Bus, StoredMessage } from '@microstax/bus/bus';
import { answerOf } from '@microstax/contracts/graph-requests';
import { headerNames } from '@microstax/contracts/header-names';
import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import type { ParentFate } from '../core/parent-fate.ts';
import { askGraph } from './ask-graph.ts';

/** What became of the last Blueprint of `parent` that was submitted before `sequence` (protocol 4). */
export async function findParentFate(
  bus: Bus,
  about: { readonly org: string; readonly parent: string; readonly sequence: number; readonly incarnation: number },
): Promise<ParentFate> {
  const { org, parent, sequence, incarnation } = about;
  const upTo = sequence - 1;
  if (upTo < 1) return { kind: 'never submitted' };
  const stored = await Promise.all(
    [filters.blueprintsAt(org, parent), filters.blueprintsByActors(org, parent)].map((filter) =>
      bus.read(streams.submissions.name, { filter, upTo }),
    ),
  );
  const last = stored
    .flat()
    .filter((message) => message.sequence <= upTo && !isPreview(message))
    .reduce<StoredMessage | undefined>((a, b) => (a === undefined || a.sequence < b.sequence ? b : a), undefined);
  if (last === undefined) return { kind: 'never submitted' };
  const submission =
    last.header(headerNames.messageId) || `${streams.submissions.name}:${incarnation}:${last.sequence}`; // protocol 1
  const { answer } = await askGraph(bus, answerOf, org, { submission });
  return { kind: 'submitted', submission, answer };
}

/** A preview commits nothing, so nothing can derive from it. */
function isPreview(message: StoredMessage): boolean {
  return message.header(headerNames.purpose) === 'preview';
}
