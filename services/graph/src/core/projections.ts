// Owns: what is written along with the truth and can be computed from it again: pointers, what stands, and index rows.
// Not here: what the environment's row alone knows (holds, keys, who it names and waits for, its last submission, drifts).
import type { Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import { foldInventory } from '@microstax/model/inventory';
import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import type { Pointer } from '@microstax/model/status';
import type { Collection, Put } from './changes.ts';
import { ownChanges } from './derive.ts';
import type {
  ActivationDocument,
  EnvironmentDocument,
  ExecutionDocument,
  HoldDocument,
  KeyDocument,
} from './documents.ts';
import { childAt, holdAt, keyAt, memberAt, namerAt, namersPrefix, waitingAt } from './places.ts';

/** What was recorded about an environment, oldest first, and the artifacts of its newest generation. */
export type Truth = {
  readonly activations: readonly ActivationDocument[];
  readonly executions: readonly ExecutionDocument[];
  readonly journal: readonly JournalEntry[];
  readonly revision: Revision;
  readonly derivation: Derivation;
  readonly difference: Difference;
  readonly composition: Composition;
};

/** Rows that lead from a provider, a parent, a root, a key or a name to those that name it: all of them repeat what environments say. */
export const indexes: readonly { readonly collection: Collection; readonly prefix: string }[] = [
  ...(['children', 'members', 'holds', 'keys', 'waiting'] as const).map((collection) => ({ collection, prefix: '' })),
  { collection: 'meta', prefix: namersPrefix },
];

/** The row of an environment as what was recorded about it says; `row` gives what only it knows. */
export function projectedEnvironment(row: EnvironmentDocument, truth: Truth): EnvironmentDocument {
  const { activations, executions, journal, revision, derivation, composition, difference } = truth;
  const newest = must(activations.at(-1), 'a known environment has an activation');
  const ready = activations.findLast(({ outcome }) => outcome === 'ready');
  const claimed = executions.at(-1);
  const target = activations.find(({ generation }) => generation === claimed?.generation);
  const [parent] = derivation.lineage;
  return {
    ...row,
    project: revision.project,
    mode: revision.mode,
    parent: parent?.env ?? null,
    root: derivation.lineage.at(-1)?.env ?? row.env,
    value: revision.routing.value,
    headerName: composition.rootRouting.headerName,
    generation: newest.generation,
    head: pointerTo(newest),
    target: pointerTo(target),
    serving: pointerTo(ready),
    wanted: newest.wanted,
    servingWanted: ready?.wanted ?? null,
    epoch: journal.at(-1)?.epoch ?? 0,
    journalLength: journal.at(-1)?.n ?? 0,
    inventory: foldInventory(journal.map(({ event }) => event)),
    execution: claimed
      ? { id: claimed.execution, generation: claimed.generation, open: claimed.finishedAt === null }
      : null,
    open: activations.filter(({ outcome }) => outcome === null).map(({ generation }) => generation),
    pin: parent?.link === 'pinned' ? { generation: parent.generation, revision: parent.revision } : null,
    offers: [
      ...derivation.lineage.map(({ env, offer }) => ({ env, revision: offer.revision })),
      ...derivation.outside.map(({ env, revision: offered }) => ({ env, revision: offered })),
    ],
    changed: revision.mode === 'overlay' ? ownChanges(difference) : [],
  };
}

/** The index rows that an environment's row stands for. */
export function indexRows(row: EnvironmentDocument): readonly Put[] {
  const { org, env, parent, root, holds, keys, waitingFor, names = [] } = row;
  const inLineage = [
    { ...memberAt(org, root, env), body: { env } },
    ...(parent === null ? [] : [{ ...childAt(org, parent, env), body: { env } }]),
    ...names.map((name) => ({ ...namerAt(org, name, env), body: { env } })),
  ];
  return [
    ...(isBuried(row) ? [] : inLineage),
    ...holds.map((hold) => ({
      ...holdAt(org, hold.env, hold.service, env),
      body: { ...hold, child: env } satisfies HoldDocument,
    })),
    ...keys.map((key) => ({ ...keyAt(org, key), body: { key, env } satisfies KeyDocument })),
    ...waitingFor.map((provider) => ({ ...waitingAt(org, provider, env), body: { child: env } })),
  ];
}

/** The environment that an index row was written for. */
export function ownerOf({ key, body }: { readonly key: string; readonly body: unknown }): string {
  const { env, child } = body as { readonly env?: string; readonly child?: string };
  const [org] = (key.startsWith(namersPrefix) ? key.slice(namersPrefix.length) : key).split('/');
  return `${org}/${child ?? env ?? ''}`;
}

/** Its delete was carried out, and nobody has used its name since. */
function isBuried({ wanted, head, serving }: EnvironmentDocument): boolean {
  return wanted === 'deleted' && head !== null && serving?.generation === head.generation;
}

function pointerTo(activation: ActivationDocument | undefined): Pointer {
  return activation ? { generation: activation.generation, revision: activation.revision } : null;
}
