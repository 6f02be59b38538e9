import type { ArtifactKind } from '@microstax/model/digest';
import { stages } from '@microstax/model/status';
import { audit } from './audit.ts';
import type { Changes, Place } from './changes.ts';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { activationAt, artifactAt, environmentAt, executionAt, saidAt } from './places.ts';

/** A generation may go that is neither among the newest of its environment nor young. */
export type Retention = { readonly generations: number; readonly ms: number };

/** What can be computed again from a derivation; each names its environment, so no other one has the same bytes. */
const computed: readonly ArtifactKind[] = ['difference', 'composition', 'plan', 'resolution', 'findings', 'approval'];

export type History = {
  readonly environment: EnvironmentDocument;
  /** Oldest first. */
  readonly activations: readonly ActivationDocument[];
  readonly executions: readonly ExecutionDocument[];
};

/**
 * The oldest generation to be kept whole: every later one is, and all that a read as of any of them tells of. It never
 * goes back, and never beyond what is under way, claimed or served.
 */
export function floorOf(
  { environment, activations, executions }: History,
  { generations, ms }: Retention,
  now: number,
): number {
  const { generation, head, target, serving, open } = environment;
  const young = activations.find(({ at }) => at >= now - ms);
  const pointers = [head, target, serving].flatMap((pointer) => (pointer ? [pointer.generation] : []));
  let floor = Math.min(generation - generations + 1, ...(young ? [young.generation] : []), ...pointers, ...open);
  for (;;) {
    // A read as of the floor says what served then, and what had been claimed.
    const upTo = (row: { readonly generation: number }): boolean => row.generation <= floor;
    const served = activations.findLast((row) => upTo(row) && row.outcome === 'ready')?.generation ?? floor;
    const claimed = executions.findLast(upTo)?.generation ?? floor;
    const lower = Math.min(floor, served, claimed);
    if (lower === floor) return Math.max(floor, environment.floor ?? 1);
    floor = lower;
  }
}

export type Pruning = {
  readonly history: History;
  readonly floor: number;
  /** Generations below the floor that somebody's derivation goes through. */
  readonly pinned: ReadonlySet<number>;
  readonly now: number;
};

/** Activations that go: below the floor, with their outcome, and nobody is pinned to them. */
export function doomed({
  history: { activations },
  floor,
  pinned,
}: Omit<Pruning, 'now'>): readonly ActivationDocument[] {
  return activations.filter(
    ({ generation, outcome }) => generation < floor && outcome !== null && !pinned.has(generation),
  );
}

/** Artifacts that go with them: computed ones that no activation names which stays. */
export function doomedArtifacts(pruning: Omit<Pruning, 'now'>): readonly Place[] {
  const { environment, activations } = pruning.history;
  const going = doomed(pruning);
  const digestsOf = (rows: readonly ActivationDocument[]) =>
    rows.flatMap(({ artifacts }) => computed.flatMap((kind) => artifacts[kind] ?? []));
  const staying = new Set(digestsOf(activations.filter((row) => !going.includes(row))));
  const digests = new Set(digestsOf(going).filter((digest) => !staying.has(digest)));
  return [...digests].map((digest) => artifactAt(environment.org, digest));
}

/**
 * Raises the floor, and takes away what was decided below it. Revisions, derivations, journal, answers and audit entries
 * stay: they are the truth that the rest is computed from.
 */
export function prune(pruning: Pruning): Changes {
  const { history, floor, now } = pruning;
  const { environment } = history;
  const { org, env } = environment;
  const rows = doomed(pruning).flatMap(({ generation }) => [
    activationAt(org, env, generation),
    executionAt(org, env, generation),
    ...stages.map((stage) => saidAt(org, env, generation, stage)),
  ]);
  const leaf = audit(org, { at: now, actor: null, verb: 'pruned', subject: `${env}@${floor}`, digest: null });
  return {
    puts: [{ ...environmentAt(org, env), body: { ...environment, floor } }],
    removes: [...rows, ...doomedArtifacts(pruning)],
    appends: [leaf],
  };
}
