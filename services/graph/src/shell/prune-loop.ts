// Owns: what is not kept for ever (docs/decisions/0018-retention.md).
// 1. Artifacts are read, with their versions, before the activations that may name them: who names one anew writes it
//    anew, so either the name is seen here or the guard on the version is lost.
// 2. Whoever is pinned to a generation goes through its derivation, and through those of what that one goes through.
import type { Derivation } from '@microstax/model/derivation';
import { noChanges } from '../core/changes.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from '../core/documents.ts';
import { activationAt, environmentAt } from '../core/places.ts';
import { doomedArtifacts, floorOf, type History, prune, type Retention } from '../core/retention.ts';
import { generationsWerePruned } from '../events.ts';
import type { Graph } from './graph.ts';
import { type Loop, startLoop } from './loop.ts';
import { Reader } from './transact.ts';

const pruneMs = 3_600_000;
const generationsMax = 50; // of one commit

type Parts = Pick<Graph, 'store' | 'transact' | 'log' | 'clock'>;

/** Takes away what is outside of retention, at the start and every hour. */
export function startPruning(graph: Parts, retention: Retention): Loop {
  const work = async (): Promise<boolean> => {
    await pruneAll(graph, retention);
    return false;
  };
  return startLoop({ name: 'retention', log: graph.log, clock: graph.clock, restMs: pruneMs, work });
}

/** One round over all environments; settles with how many generations went. */
export async function pruneAll(graph: Parts, retention: Retention): Promise<number> {
  const rows = (await graph.store.scan<EnvironmentDocument>('environments', { prefix: '' })).map(({ body }) => body);
  let pinned: Pinned | undefined;
  let went = 0;
  for (const { org, env, generation, floor = 1 } of rows) {
    if (generation - floor < retention.generations) continue;
    pinned ??= await pinnedBy(graph, rows);
    for (;;) {
      const { count, more } = await pruneOne(graph, { org, env, retention, pinned: pinned.get(`${org}/${env}`) });
      went += count;
      if (!more) break;
    }
  }
  return went;
}

type One = {
  readonly org: string;
  readonly env: string;
  readonly retention: Retention;
  readonly pinned: ReadonlySet<number> | undefined;
};

async function pruneOne(graph: Parts, { org, env, retention, pinned = new Set() }: One) {
  const now = graph.clock.now();
  const pruned = await graph.transact(
    async (reader) => {
      const before = await historyOf(reader, org, env);
      const floor = before && nextFloor(before, floorOf(before, retention, now));
      if (before === null || floor === null) return null;
      await reader.getMany(doomedArtifacts({ history: before, floor, pinned }));
      const history = await historyOf(reader, org, env);
      return history && { history, floor, pinned, now };
    },
    (state) => ({ state, changes: state ? prune(state) : noChanges }),
  );
  const { state, changes } = pruned;
  if (state === null) return { count: 0, more: false };
  const count = changes.removes.filter(({ collection }) => collection === 'activations').length;
  generationsWerePruned(graph.log, { org, env, floor: state.floor, generations: count });
  return { count, more: floorOf(state.history, retention, now) > state.floor };
}

/** As far as one commit goes; null where the floor stays. */
function nextFloor({ environment: { floor = 1 }, activations }: History, wanted: number): number | null {
  if (wanted <= floor) return null;
  const below = activations.filter(({ generation }) => generation >= floor && generation < wanted);
  return Math.min(wanted, below[generationsMax]?.generation ?? wanted);
}

async function historyOf(reader: Reader, org: string, env: string): Promise<History | null> {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const prefix = `${org}/${env}/`;
  return (
    environment && {
      environment,
      activations: await reader.scan<ActivationDocument>('activations', { prefix }),
      executions: await reader.scan<ExecutionDocument>('executions', { prefix }),
    }
  );
}

/** Generations by environment. */
type Pinned = ReadonlyMap<string, ReadonlySet<number>>;

/** What derivations go through that stand now: of heads, targets and what serves, and of what is pinned. */
async function pinnedBy({ store }: Parts, rows: readonly EnvironmentDocument[]): Promise<Pinned> {
  const reader = new Reader(store);
  const found = new Map<string, Set<number>>();
  const walk = async (org: string, env: string, generation: number): Promise<void> => {
    const known = found.get(`${org}/${env}`) ?? new Set();
    found.set(`${org}/${env}`, known);
    if (known.has(generation)) return;
    known.add(generation);
    const [activation] = await reader.peekMany<ActivationDocument>([activationAt(org, env, generation)]);
    const derivation = activation ? await reader.artifact<Derivation>(org, activation.derivation) : null;
    for (const entry of derivation?.value.lineage ?? []) await walk(org, entry.env, entry.generation);
  };
  for (const { org, env, parent, pin, head, target, serving } of rows) {
    for (const pointer of [head, target, serving]) if (pointer) await walk(org, env, pointer.generation);
    if (parent !== null && pin) await walk(org, parent, pin.generation);
  }
  return found;
}
