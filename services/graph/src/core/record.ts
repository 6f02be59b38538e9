import type { Artifact } from '@microstax/model/artifact';
import type { Digest } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import { type Stage, stages } from '@microstax/model/status';
import { type Changes, together } from './changes.ts';
import type { ActivationDocument, EnvironmentDocument, SaidDocument } from './documents.ts';
import { artifactAt, environmentAt, saidAt } from './places.ts';
import { activationPut, settle, withoutOpen } from './settle.ts';

/** What a stage decided about an activation, as its event says it. */
export type Recording = {
  /** `planned`, `resolved`, `decided`; a refusal or denial names the stage that it was made in. */
  readonly stage: Stage;
  readonly artifacts: readonly RecordedArtifact[];
  readonly findings: readonly Finding[];
  /** The activation ends here. */
  readonly ends?: 'refused' | 'denied';
  /** Where the stream has the event. */
  readonly sequence: number;
  readonly incarnation: number;
  readonly drive: number;
  readonly now: number;
};

/** An artifact that the store has already needs to be named only; what a plan says of itself is read in any case. */
export type RecordedArtifact = Pick<Artifact, 'kind' | 'digest'> & Partial<Pick<Artifact, 'bytes' | 'value'>>;

export type RecordState = {
  readonly environment: EnvironmentDocument | null;
  readonly activation: ActivationDocument | null;
  /** Artifacts whose bytes the store has already. */
  readonly known: ReadonlySet<Digest>;
};

export type RecordDecision =
  | {
      readonly kind: 'recorded';
      readonly activation: ActivationDocument;
      readonly unequal: readonly Finding[];
      readonly changes: Changes;
    }
  | { readonly kind: 'ignored'; readonly reason: string };

/** Records an event together with its artifacts' bytes, or not at all (protocol 8). A repeat changes nothing more. */
export function record(recording: Recording, { environment, activation, known }: RecordState): RecordDecision {
  if (environment === null || activation === null)
    return { kind: 'ignored', reason: 'the store knows no such activation' };
  const unequal = unequalArtifacts(activation, recording.artifacts);
  const recorded = withRecording(activation, recording, unequal);
  const changes: Changes = {
    puts: [
      ...recording.artifacts
        .filter(({ digest }) => !known.has(digest))
        .map(({ kind, digest, bytes }) => ({
          ...artifactAt(activation.org, digest),
          body: { kind, bytes: must(bytes, 'what the store has not was opened') },
        })),
      activationPut(recorded),
      ...saidPuts(activation, recording),
    ],
    removes: [],
    appends: [],
  };
  if (recording.ends === undefined || activation.outcome !== null)
    return { kind: 'recorded', activation: recorded, unequal, changes };
  const ending = { outcome: recording.ends, reason: reasonOf(recording.findings) } as const;
  const settled = settle(recorded, ending, { now: recording.now });
  const freed = { ...withoutOpen(environment, activation.generation), updatedAt: recording.now };
  const put = { ...environmentAt(environment.org, environment.env), body: freed };
  const all = together(changes, settled, { puts: [put], removes: [], appends: [] });
  return { kind: 'recorded', activation: recorded, unequal, changes: all };
}

/**
 * Whether a later stage brought all that an event names, as each stage forwards what those before it decided. Where the
 * event of an earlier stage is on the bus, nobody asks any more.
 */
export function addsNothing(
  { stage, artifacts, ends }: Pick<Recording, 'stage' | 'artifacts' | 'ends'>,
  activation: ActivationDocument,
): boolean {
  const isEarlier = stages.indexOf(stage) < stages.indexOf(activation.stage);
  return (
    isEarlier && ends === undefined && artifacts.every(({ kind, digest }) => activation.artifacts[kind] === digest)
  );
}

function withRecording(
  activation: ActivationDocument,
  recording: Recording,
  unequal: readonly Finding[],
): ActivationDocument {
  const { artifacts, findings, stage } = recording;
  const plan = artifacts.find(({ kind }) => kind === 'plan')?.value as Plan | undefined;
  const advances = activation.outcome === null && stages.indexOf(stage) > stages.indexOf(activation.stage);
  const first = Object.fromEntries(artifacts.map(({ kind, digest }) => [kind, digest]));
  return {
    ...activation,
    artifacts: { ...first, ...activation.artifacts },
    findings: uniqueFindings([...activation.findings, ...(plan?.findings ?? []), ...findings, ...unequal]),
    ...(advances ? { stage, reason: waitingReasons[stage] } : {}),
    ...(plan === undefined ? {} : planCounts(plan)),
  };
}

const waitingReasons: Readonly<Record<Stage, string>> = {
  revised: 'waits for a plan',
  planned: 'waits for a resolution',
  resolved: 'waits for the validator',
  decided: 'approved, waits for a runtime',
  claimed: 'is being realised',
  settled: '',
};

function planCounts({ placements }: Plan): { local: number; services: number } {
  return { local: placements.filter(({ kind }) => kind === 'local').length, services: placements.length };
}

// protocol 10: two artifacts of one kind for one generation with unequal digests are a defect, said loudly.
function unequalArtifacts(activation: ActivationDocument, artifacts: readonly RecordedArtifact[]): Finding[] {
  return artifacts.flatMap(({ kind, digest }): Finding[] => {
    const first = activation.artifacts[kind];
    if (first === undefined || first === digest) return [];
    return [
      {
        severity: 'warning',
        code: 'unequal-artifacts',
        subject: activation.activation,
        reason: `two artifacts of kind "${kind}" were decided: ${first} and ${digest}; the first counts`,
        next: 'report it: a stage is not deterministic',
      },
    ];
  });
}

function saidPuts(
  { org, env, generation, outcome }: ActivationDocument,
  { stage, sequence, incarnation, drive, ends }: Recording,
) {
  if (outcome !== null || ends !== undefined) return [];
  const body: SaidDocument = { org, env, generation, stage, sequence, incarnation, drive };
  return [{ ...saidAt(org, env, generation, stage), body }];
}

function uniqueFindings(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

function reasonOf(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error');
  return errors.map(({ reason }) => reason).join('; ') || 'no reason was given';
}
