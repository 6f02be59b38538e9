import type { KeptPrediction, PredictionsReply } from '@microstax/contracts/predict-requests';
import type { Difference } from '@microstax/model/difference';
import { isToken } from '@microstax/model/names';
import type { Plan } from '@microstax/model/plan';
import type { PastChange } from '@microstax/model/prediction';
import type { Revision } from '@microstax/model/revision';
import { noChanges, type Put } from '../core/changes.ts';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { type PastDerivation, pastChanges } from '../core/past-changes.ts';
import { environmentAt, predictionAt, predictionPrefix } from '../core/places.ts';
import {
  keepPrediction,
  type PlannedSince,
  type PredictionDocument,
  predictionsReply,
  settlePrediction,
} from '../core/predictions.ts';
import type { Graph } from './graph.ts';
import { loadMembers } from './load-derive.ts';
import { Reader } from './transact.ts';

type About = { readonly org: string };

const activationsMax = 64; // of each environment; older changes say little about the next one
const derivationsMax = 400; // of all environments together

/** What was changed together before, in all environments under the same root; nothing where the environment is unknown. */
export async function answerPastChanges(
  graph: Graph,
  { env }: { readonly env: string },
  { org }: About,
): Promise<{ readonly changes: readonly PastChange[] }> {
  const reader = new Reader(graph.store);
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  if (environment === null) return { changes: [] };
  const members = await loadMembers(reader, org, environment.root);
  const derivations: PastDerivation[] = [];
  for (const member of members) {
    if (derivations.length >= derivationsMax) break;
    derivations.push(...(await loadDerivations(reader, member)));
  }
  const settled = await settleAll(graph, org, undefined);
  return { changes: pastChanges(derivations, settled) };
}

/** Keeps a prediction until a plan confirms or discards it. */
export async function answerKeepPrediction(graph: Graph, prediction: KeptPrediction, { org }: About) {
  const { env } = prediction;
  if (!isToken(env)) throw new Error(`Cannot keep a prediction about ${JSON.stringify(env)}: it names no environment`);
  const { n } = await graph.transact(
    async (reader) => {
      const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
      const newest = { prefix: predictionPrefix(org, env), reverse: true, limit: 1 };
      const [last] = await reader.scan<PredictionDocument>('meta', newest);
      // Read so that the number is taken once only.
      await reader.get(predictionAt(org, env, (last?.n ?? 0) + 1));
      return { last: last?.n ?? 0, generation: environment?.generation ?? 0 };
    },
    (state) => keepPrediction(prediction, { org, now: graph.clock.now(), ...state }),
  );
  return { n };
}

/** All predictions, or those about one environment; what was planned since is compared now and kept. */
export async function answerPredictions(
  graph: Graph,
  { env }: { readonly env?: string | undefined },
  { org }: About,
): Promise<PredictionsReply> {
  return predictionsReply(env !== undefined && !isToken(env) ? [] : await settleAll(graph, org, env));
}

async function settleAll(graph: Graph, org: string, env: string | undefined): Promise<readonly PredictionDocument[]> {
  const { documents } = await graph.transact(
    async (reader) => {
      const known = await reader.scan<PredictionDocument>('meta', { prefix: predictionPrefix(org, env) });
      return Promise.all(known.map((document) => loadSince(reader, document)));
    },
    (states) => {
      const puts: Put[] = [];
      const documents = states.map(({ document, since }): PredictionDocument => {
        if (since === null) return document;
        const body = { ...document, outcome: settlePrediction(document, since) };
        puts.push({ ...predictionAt(org, document.env, document.n), body });
        return body;
      });
      return { documents, changes: puts.length === 0 ? noChanges : { ...noChanges, puts } };
    },
  );
  return documents;
}

/**
 * The first plan since of another revision, as sleep or a moved parent says nothing about what was changed. Null where
 * the prediction was compared already, or nothing was planned.
 */
async function loadSince(
  reader: Reader,
  document: PredictionDocument,
): Promise<{ readonly document: PredictionDocument; readonly since: PlannedSince | null }> {
  const { org, env, generation, outcome } = document;
  if (outcome !== null) return { document, since: null };
  const activations = await reader.scan<ActivationDocument>('activations', { prefix: `${org}/${env}/` });
  const stood = activations.find((one) => one.generation === generation)?.revision;
  const next = activations.find(
    (one) => one.generation > generation && one.revision !== stood && one.artifacts.plan !== undefined,
  );
  if (next?.artifacts.plan === undefined || next.artifacts.difference === undefined) return { document, since: null };
  const [plan, difference] = await Promise.all([
    reader.artifact<Plan>(org, next.artifacts.plan),
    reader.artifact<Difference>(org, next.artifacts.difference),
  ]);
  if (plan === null || difference === null) return { document, since: null };
  return { document, since: { generation: next.generation, plan: plan.value, difference: difference.value } };
}

/** Each revision once, oldest first. */
async function loadDerivations(reader: Reader, { org, env, root }: EnvironmentDocument): Promise<PastDerivation[]> {
  const range = { prefix: `${org}/${env}/`, reverse: true, limit: activationsMax };
  const newestFirst = await reader.scan<ActivationDocument>('activations', range);
  const first = new Map(newestFirst.map((activation) => [activation.revision, activation]));
  const oldestFirst = [...first.values()].sort((a, b) => a.generation - b.generation);
  const loaded = oldestFirst.map(async ({ generation, artifacts, revision }): Promise<PastDerivation[]> => {
    const difference = artifacts.difference && (await reader.artifact<Difference>(org, artifacts.difference));
    if (!difference) return [];
    if (env !== root) return [{ env, generation, difference: difference.value }];
    const own = await reader.artifact<Revision>(org, revision);
    return own === null ? [] : [{ env, generation, difference: difference.value, revision: own.value }];
  });
  return (await Promise.all(loaded)).flat();
}
