import type { Bundle } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import type { Purpose } from '@microstax/contracts/header-names';
import type { Artifact } from '@microstax/model/artifact';
import type { ArtifactKind, Digest } from '@microstax/model/digest';
import type { Append } from './changes.ts';
import type { ActivationDocument } from './documents.ts';

type About = { readonly org: string; readonly env: string };

/**
 * An event of the graph that its commit made true (protocol 7). Artifacts in its bundle are named by digest: the store
 * has their bytes, and the relay puts them in.
 */
export type OutboxRow = {
  /** Name of the event's contract. */
  readonly event: string;
  readonly body: About & { readonly generation?: number };
  readonly inputId: string;
  readonly ordinal: number;
  readonly drive: number;
  readonly purpose: Purpose;
  readonly traceparent: string | null;
};

export type SayOptions = {
  /** Id of what this event is the consequence of (protocol 9). */
  readonly inputId: string;
  readonly ordinal?: number;
  readonly drive?: number;
  readonly traceparent: string | null;
};

/** An outbox row that says an event. */
export function say<T extends About>(contract: EventContract<T>, body: T, options: SayOptions): Append {
  const { inputId, ordinal = 0, drive = 0, traceparent } = options;
  const row: OutboxRow = { event: contract.name, body, inputId, ordinal, drive, purpose: 'activate', traceparent };
  return { log: 'outbox', org: body.org, body: row };
}

/** A bundle that names artifacts without their bytes. */
export function namedBundle(artifacts: readonly Pick<Artifact, 'kind' | 'digest'>[]): Bundle {
  return Object.fromEntries(artifacts.map(({ kind, digest }) => [kind, { digest }]));
}

/** The digests of an activation that a bundle needs, those that it has. */
export function pickArtifacts(
  { artifacts }: Pick<ActivationDocument, 'artifacts'>,
  kinds: readonly ArtifactKind[],
): readonly { readonly kind: ArtifactKind; readonly digest: Digest }[] {
  return kinds.flatMap((kind) => {
    const digest = artifacts[kind];
    return digest === undefined ? [] : [{ kind, digest }];
  });
}
