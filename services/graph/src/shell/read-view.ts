import type { EnvironmentLineage, GenerationRef, LineageChild, LineageLink } from '@microstax/contracts/graph-views';
import type { Query, QueryReply } from '@microstax/contracts/queries';
import type { Artifact } from '@microstax/model/artifact';
import type { Difference } from '@microstax/model/difference';
import type { ArtifactKind } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { EnvironmentState } from '@microstax/model/status';
import { type ComparedSide, compareGraphs } from '../core/compare-graphs.ts';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { effectiveGraph } from '../core/effective-graph.ts';
import { environmentGraph } from '../core/environment-graph.ts';
import { activationAt, environmentAt } from '../core/places.ts';
import { statusOf } from '../core/status.ts';
import { loadChain, loadDerivation, loadRevision } from './load-chain.ts';
import type { GraphStore } from './store/graph-store.ts';
import { Reader } from './transact.ts';

type View = Extract<Query, { kind: 'graph' | 'lineage' | 'difference' }>;
type Asked = { readonly env: string; readonly at?: number | undefined };

/** A graph, a lineage or a difference of generations that are known. */
export async function readView(store: GraphStore, org: string, query: View): Promise<QueryReply> {
  const reader = new Reader(store);
  switch (query.kind) {
    case 'graph':
      return { kind: 'graph', item: await readGraph(reader, org, query) };
    case 'lineage':
      return { kind: 'lineage', item: await readLineage(reader, org, query) };
    case 'difference': {
      const from = await activationOf(reader, org, query);
      const to = await activationOf(reader, org, query.to);
      const compared = compareGraphs(await sideOf(reader, from), await sideOf(reader, to));
      return { kind: 'difference', item: { from: refOf(from), to: refOf(to), ...compared } };
    }
  }
}

async function readGraph(reader: Reader, org: string, asked: Asked) {
  const activation = await activationOf(reader, org, asked);
  const { effective } = await sideOf(reader, activation);
  const { lineage } = await loadDerivation(reader, activation, activation.generation);
  return environmentGraph({
    at: refOf(activation),
    effective,
    ancestors: lineage.map(({ env }) => env),
    difference: must(await artifactOf<Difference>(reader, activation, 'difference'), 'a derivation has a difference')
      .value,
    plan: (await artifactOf<Plan>(reader, activation, 'plan'))?.value ?? null,
  });
}

async function readLineage(reader: Reader, org: string, asked: Asked): Promise<EnvironmentLineage> {
  const activation = await activationOf(reader, org, asked);
  const own = (await loadRevision(reader, org, activation.revision)).value;
  const { lineage, outside } = await loadDerivation(reader, activation, activation.generation);
  const present = asked.at === undefined;
  const links = lineage.map(async ({ env, link, revision, generation, offer }): Promise<LineageLink> => {
    const { mode } = (await loadRevision(reader, org, revision)).value;
    return { env, link, generation, revision, mode, offer, state: present ? await stateOf(reader, org, env) : null };
  });
  return {
    ...refOf(activation),
    mode: own.mode,
    wanted: activation.wanted,
    outcome: activation.outcome,
    state: present ? await stateOf(reader, org, asked.env) : null,
    links: await Promise.all(links),
    outside: outside.map(({ env, revision, generation }) => ({ env, generation, revision })),
    children: present ? await childrenOf(reader, org, asked.env) : null,
  };
}

/** Who derives from it at present, sorted; a deleted one derives from nothing any more. */
async function childrenOf(reader: Reader, org: string, parent: string): Promise<readonly LineageChild[]> {
  const rows = await reader.scan<{ env: string }>('children', { prefix: `${org}/${parent}/` });
  const children = await Promise.all(
    rows.map(async ({ env }): Promise<LineageChild | null> => {
      const activation = await activationOf(reader, org, { env });
      const [link] = (await loadDerivation(reader, activation, activation.generation)).lineage;
      if (activation.wanted === 'deleted' || link?.env !== parent) return null;
      const { generation, revision } = link;
      return {
        env,
        link: link.link,
        generation: activation.generation,
        parent: { env: parent, generation, revision },
        state: must(await stateOf(reader, org, env), 'a derived environment has a state'),
      };
    }),
  );
  return children.filter((child) => child !== null);
}

async function stateOf(reader: Reader, org: string, env: string): Promise<EnvironmentState | null> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  if (environment === null) return null;
  return statusOf(environment, await activationOf(reader, org, { env })).state;
}

async function sideOf(reader: Reader, { org, env, generation, revision }: ActivationDocument): Promise<ComparedSide> {
  const chain = await loadChain(reader, { org, env }, { generation, revision });
  return { revision: must(chain.at(-1), 'a chain ends with the environment itself'), effective: effectiveGraph(chain) };
}

/** The generation that is asked for; without one the newest. */
async function activationOf(reader: Reader, org: string, { env, at }: Asked): Promise<ActivationDocument> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const generation = at ?? must(environment, 'it was found a moment ago').generation;
  return must(
    await reader.get<ActivationDocument>(activationAt(org, env, generation)),
    `generation ${generation} of "${env}" has an activation`,
  );
}

function artifactOf<T>(
  reader: Reader,
  { org, artifacts }: ActivationDocument,
  kind: ArtifactKind,
): Promise<Artifact<T> | null> {
  const digest = artifacts[kind];
  return digest === undefined ? Promise.resolve(null) : reader.artifact<T>(org, digest);
}

function refOf({ env, generation, revision }: ActivationDocument): GenerationRef {
  return { env, generation, revision };
}
