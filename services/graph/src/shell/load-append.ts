import type { AppendRequest } from '@microstax/contracts/graph-requests';
import type { Composition } from '@microstax/model/composition';
import type { Digest } from '@microstax/model/digest';
import { type AppendState, type AwaitedProvider, awaitedBy } from '../core/append.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument, HoldDocument } from '../core/documents.ts';
import { activationAt, environmentAt, executionAt, namerPrefix } from '../core/places.ts';
import type { Descendant } from '../core/timers.ts';
import { loadExecution } from './load-execution.ts';
import type { Reader } from './transact.ts';

export async function loadAppend(
  reader: Reader,
  org: string,
  { env, events }: AppendRequest,
  now: number,
): Promise<AppendState> {
  const { environment, execution, activation } = await loadExecution(reader, org, env);
  const finished = events.find((event) => event.type === 'finished');
  const failedJobs = events.flatMap((event) => (event.type === 'failed' ? [event.job] : []));
  const awaited = [...failedJobs.flatMap((job) => awaitedBy(job) ?? []), ...(finished ? awaitsOf(execution) : [])];
  return {
    environment,
    execution,
    activation,
    awaited: await loadAwaited(reader, org, awaited),
    below:
      finished?.outcome === 'ready' && environment && activation
        ? await loadBelow(reader, environment, activation)
        : null,
    servingExecution: finished?.outcome === 'failed' ? await loadServing(reader, environment) : null,
    now,
  };
}

async function loadServing(reader: Reader, environment: EnvironmentDocument | null): Promise<ExecutionDocument | null> {
  if (!environment?.serving) return null;
  return reader.get<ExecutionDocument>(executionAt(environment.org, environment.env, environment.serving.generation));
}

function awaitsOf(execution: ExecutionDocument | null): readonly string[] {
  return execution?.failedAwaits ?? [];
}

async function loadAwaited(
  reader: Reader,
  org: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, AwaitedProvider>> {
  const awaited = new Map<string, AwaitedProvider>();
  for (const name of new Set(names)) {
    const environment = await reader.get<EnvironmentDocument>(environmentAt(org, name));
    if (environment === null) continue;
    const newest = await reader.get<ActivationDocument>(activationAt(org, name, environment.generation));
    awaited.set(name, { environment, newest });
  }
  return awaited;
}

// Scans are not guarded: a child that is born, or claims, meanwhile bumps this environment's row (protocol 16).
async function loadBelow(
  reader: Reader,
  { org, env }: EnvironmentDocument,
  { artifacts }: ActivationDocument,
): Promise<NonNullable<AppendState['below']>> {
  const prefix = `${org}/${env}/`;
  const [holds, waiting, namers, descendants] = await Promise.all([
    reader.scan<HoldDocument>('holds', { prefix }),
    reader.scan<{ child: string }>('waiting', { prefix }),
    reader.scan<{ env: string }>('meta', { prefix: namerPrefix(org, env) }),
    loadDescendants(reader, org, env, true),
  ]);
  const childrenOf = (rows: readonly { readonly child: string }[]) =>
    loadRows(
      reader,
      org,
      rows.map(({ child }) => child),
    );
  return {
    descendants,
    holders: await childrenOf(holds),
    waiting: await childrenOf(waiting),
    namers: await loadRows(
      reader,
      org,
      namers.map((namer) => namer.env),
    ),
    // Compared with what holders hold; of most environments nobody holds anything.
    specs: holds.length === 0 ? new Map() : await loadSpecs(reader, org, artifacts.composition),
  };
}

async function loadDescendants(
  reader: Reader,
  org: string,
  parent: string,
  tracks: boolean,
): Promise<readonly Descendant[]> {
  const children = await reader.scan<{ env: string }>('children', { prefix: `${org}/${parent}/` });
  const rows = await loadRows(
    reader,
    org,
    children.map((child) => child.env),
  );
  const below = await Promise.all(
    rows.map(async (environment) => {
      const follows = tracks && environment.pin === null;
      return [{ environment, tracks: follows }, ...(await loadDescendants(reader, org, environment.env, follows))];
    }),
  );
  return below.flat();
}

async function loadRows(
  reader: Reader,
  org: string,
  names: readonly string[],
): Promise<readonly EnvironmentDocument[]> {
  const places = [...new Set(names)].map((name) => environmentAt(org, name));
  return (await reader.peekMany<EnvironmentDocument>(places)).filter((row) => row !== null);
}

async function loadSpecs(
  reader: Reader,
  org: string,
  composition: Digest | undefined,
): Promise<ReadonlyMap<string, Digest>> {
  const found = composition === undefined ? null : await reader.artifact<Composition>(org, composition);
  const present = found?.value.services.filter(({ removed }) => !removed) ?? [];
  return new Map(present.map(({ name, specDigest }) => [name, specDigest]));
}
