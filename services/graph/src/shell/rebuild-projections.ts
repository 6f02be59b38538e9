// Owns: bringing projections back to what the truth says. Nothing else may be under way in this process.
import { isDeepStrictEqual } from 'node:util';
import type { Artifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import type { ArtifactKind } from '@microstax/model/digest';
import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import { type Changes, type Place, type Put, placeText } from '../core/changes.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from '../core/documents.ts';
import { environmentAt } from '../core/places.ts';
import { indexes, indexRows, ownerOf, projectedEnvironment, type Truth } from '../core/projections.ts';
import type { GraphStore } from './store/graph-store.ts';
import type { Reader, Transact } from './transact.ts';

export type Rebuilt = {
  readonly environments: number;
  /** Places of rows that were not what the truth says, and are now. */
  readonly mended: readonly string[];
};

/** Computes all projections anew, an environment at a time, each in one guarded commit; writes only what differs. */
export async function rebuildProjections({
  store,
  transact,
}: {
  readonly store: GraphStore;
  readonly transact: Transact;
}): Promise<Rebuilt> {
  const environments = await store.scan<EnvironmentDocument>('environments', { prefix: '' });
  const indexed = await indexPlaces(store);
  const mended: string[] = [];
  for (const { body } of environments) {
    const kept = indexed.get(`${body.org}/${body.env}`) ?? [];
    const { changes } = await transact(
      (reader) => loadOne(reader, body, kept),
      (state) => ({ changes: mending(state) }),
    );
    mended.push(...[...changes.puts, ...changes.removes].map(placeText));
  }
  return { environments: environments.length, mended };
}

type State = {
  readonly row: EnvironmentDocument;
  readonly truth: Truth;
  /** Index rows of this environment as they are, and those that should be. */
  readonly rows: readonly { readonly place: Place; readonly body: unknown }[];
};

async function indexPlaces(store: GraphStore): Promise<ReadonlyMap<string, readonly Place[]>> {
  const found = await Promise.all(indexes.map(({ collection, prefix }) => store.scan(collection, { prefix })));
  return Map.groupBy(found.flat(), ownerOf);
}

async function loadOne(reader: Reader, { org, env }: EnvironmentDocument, kept: readonly Place[]): Promise<State> {
  const row = must(await reader.get<EnvironmentDocument>(environmentAt(org, env)), 'environments are never removed');
  const truth = await loadTruth(reader, row);
  const places = [...kept, ...indexRows(projectedEnvironment(row, truth))].map(({ collection, key }) => ({
    collection,
    key,
  }));
  const unique = [...new Map(places.map((place) => [placeText(place), place])).values()];
  const bodies = await reader.getMany(unique);
  return { row, truth, rows: unique.map((place, index) => ({ place, body: bodies[index] ?? null })) };
}

async function loadTruth(reader: Reader, { org, env }: EnvironmentDocument): Promise<Truth> {
  const prefix = `${org}/${env}/`;
  const activations = await reader.scan<ActivationDocument>('activations', { prefix });
  const { artifacts } = must(activations.at(-1), 'a known environment has an activation');
  const open = async <T>(kind: ArtifactKind): Promise<T> => {
    const digest = must(artifacts[kind], `a generation has its ${kind}`);
    const artifact: Artifact<T> | null = await reader.artifact<T>(org, digest);
    return must(artifact, 'a recorded artifact has its bytes').value;
  };
  return {
    activations,
    executions: await reader.scan<ExecutionDocument>('executions', { prefix }),
    journal: await reader.scan<JournalEntry>('journal', { prefix }),
    revision: await open<Revision>('revision'),
    derivation: await open<Derivation>('derivation'),
    difference: await open<Difference>('difference'),
    composition: await open<Composition>('composition'),
  };
}

function mending({ row, truth, rows }: State): Changes {
  const projected = projectedEnvironment(row, truth);
  const wanted = new Map(indexRows(projected).map((put) => [placeText(put), put]));
  const puts: Put[] = isDeepStrictEqual(projected, row)
    ? []
    : [{ ...environmentAt(row.org, row.env), body: projected }];
  const removes: Place[] = [];
  for (const { place, body } of rows) {
    const put = wanted.get(placeText(place));
    if (put === undefined) removes.push(place);
    else if (!isDeepStrictEqual(put.body, body)) puts.push(put);
  }
  return { puts, removes, appends: [] };
}
