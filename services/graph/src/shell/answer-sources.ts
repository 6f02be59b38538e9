import type {
  ClosureReply,
  ClosureRequest,
  StoredRevisionReply,
  StoredRevisionRequest,
} from '@microstax/contracts/graph-requests';
import { type Closure, closureOfDerivation, closureParts } from '@microstax/model/closure';
import { compareText } from '@microstax/model/compare';
import type { Derivation } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import type { Revision } from '@microstax/model/revision';
import type { ActivationDocument, EnvironmentDocument } from '../core/documents.ts';
import { activationAt, artifactAt, environmentAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import { Reader } from './transact.ts';

type About = { readonly org: string };
export type Missing = {
  readonly kind: 'unknown environment' | 'unknown generation';
  readonly known: readonly string[];
  /** There was one, below the floor of what is kept. */
  readonly gone?: boolean;
};

/** What a generation declared, byte for byte. */
export async function answerRevision(
  { store }: Graph,
  { env, generation }: StoredRevisionRequest,
  { org }: About,
): Promise<StoredRevisionReply> {
  const reader = new Reader(store);
  const activation = await activationOf(reader, org, env, generation);
  if ('known' in activation) {
    const { kind, known, gone = false } = activation;
    return gone ? { kind: 'not kept' } : { kind, known };
  }
  const found = await reader.artifact<Revision>(org, activation.revision);
  return found === null ? { kind: 'not kept' } : { kind: 'revision', digest: found.digest, bytes: found.bytes };
}

/** The closure of a generation. It is stored, so that a Blueprint may name it; one derivation has one closure. */
export async function answerClosure(
  { store }: Graph,
  { env, at, whole }: ClosureRequest,
  { org }: About,
): Promise<ClosureReply> {
  const reader = new Reader(store);
  const activation = await activationOf(reader, org, env, at);
  if ('known' in activation) return notFound(activation, env, at);
  const derivation = await reader.artifact<Derivation>(org, activation.derivation);
  if (derivation === null) return { kind: 'not found', what: `derivation of ${activation.activation}`, known: [] };
  const closure = closureOfDerivation(derivation);
  const artifacts = await partsOf(reader, org, closure.value);
  const missing = artifacts.find(({ bytes }) => bytes === null);
  if (missing)
    return { kind: 'not found', what: `${missing.kind} ${missing.digest} of ${activation.activation}`, known: [] };
  const { kind, digest, bytes } = closure;
  const puts = [{ ...artifactAt(org, digest), body: { kind, bytes } }];
  await store.commit({ guards: [], puts, removes: [], appends: [] });
  return {
    kind: 'closure',
    digest,
    bytes,
    activation: activation.activation,
    artifacts: artifacts.map((part) => ({
      kind: part.kind,
      digest: part.digest,
      ...(whole ? { bytes: must(part.bytes, 'what is missing was told') } : {}),
    })),
  };
}

function partsOf(reader: Reader, org: string, closure: Closure) {
  return Promise.all(
    closureParts(closure).map(async ({ kind, digest }) => ({
      kind,
      digest,
      bytes: await bytesOf(reader, org, digest),
    })),
  );
}

async function bytesOf(reader: Reader, org: string, digest: Digest): Promise<string | null> {
  return (await reader.artifact(org, digest))?.bytes ?? null;
}

/** The activation of a generation, of the newest one by default. */
export async function activationOf(
  reader: Reader,
  org: string,
  env: string,
  at: number | undefined,
): Promise<ActivationDocument | Missing> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  if (environment === null) {
    const rows = await reader.scan<EnvironmentDocument>('environments', { prefix: `${org}/` });
    return { kind: 'unknown environment', known: rows.map((row) => row.env).sort(compareText) };
  }
  const generation = at ?? environment.generation;
  const found = await reader.get<ActivationDocument>(activationAt(org, env, generation));
  if (found !== null) return found;
  const activations = await reader.scan<ActivationDocument>('activations', { prefix: `${org}/${env}/` });
  const known = activations.map((activation) => String(activation.generation));
  return { kind: 'unknown generation', known, gone: generation < (environment.floor ?? 1) };
}

/** That as an answer of whoever reads. */
export function notFound(
  { kind, known }: Missing,
  env: string,
  at: number | undefined,
): Extract<ClosureReply, { kind: 'not found' }> {
  const what = kind === 'unknown environment' ? `environment "${env}"` : `generation ${at} of "${env}"`;
  return { kind: 'not found', what, known };
}
