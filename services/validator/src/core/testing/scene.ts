import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { Derivation, Wanted } from '@microstax/model/derivation';
import type { Difference, ServiceDifference } from '@microstax/model/difference';
import { digestOf } from '@microstax/model/digest';
import { defaultPrices, type Facts, type SiblingFact } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { Placement, Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { RuntimeFact } from '@microstax/model/runtime-fact';
import { runDigest, specDigest } from '@microstax/model/service-spec';
import { aRevision, aService, type RevisionDraft, type ServiceDraft } from '@microstax/testkit/blueprints';
import type { JudgeInput } from '../judge-activation.ts';

export type SceneDraft = {
  readonly wanted?: Wanted;
  readonly budgetMicros?: number;
  /** Service names to what each costs an hour; all of them are local. */
  readonly costs?: Readonly<Record<string, number>>;
  readonly states?: Readonly<Record<string, ServiceDifference['state']>>;
  readonly siblings?: readonly (Partial<SiblingFact> & Pick<SiblingFact, 'env'>)[];
  readonly value?: string;
  readonly ancestors?: readonly string[];
  readonly planFindings?: readonly Finding[];
  readonly resolutionFindings?: readonly Finding[];
  /** What executes here; nobody said so by default. */
  readonly runtime?: RuntimeFact;
  /** Drafts of the local services. */
  readonly specs?: Readonly<Record<string, ServiceDraft>>;
  readonly own?: RevisionDraft;
};

/** An overlay `feat` on `shop`, resolved and planned, with nothing against it unless the draft says so. */
export function scene(draft: SceneDraft = {}): JudgeInput {
  const { wanted = 'running', costs = { pay: 5_000 }, ancestors = ['shop'], value = 'feat' } = draft;
  const [parent] = ancestors;
  const root = ancestors.at(-1) ?? 'feat';
  const budget = draft.budgetMicros === undefined ? {} : { budget: { microsPerHour: draft.budgetMicros } };
  const revision = sealArtifact(
    'revision',
    aRevision('feat', {
      ...draft.own,
      ...(parent === undefined ? {} : { parent }),
      routing: { value, ...draft.own?.routing },
      ...budget,
    }),
  );
  const facts = sealArtifact('facts', {
    ...factsOf(draft.siblings ?? []),
    ...(draft.runtime === undefined ? {} : { runtime: draft.runtime }),
  });
  const derivation = sealArtifact('derivation', {
    org: 'default',
    env: 'feat',
    revision: revision.digest,
    lineage: ancestors.map((env) => ({
      env,
      link: 'tracking',
      revision: revision.digest,
      generation: 1,
      offer: { generation: 1, revision: revision.digest },
    })),
    outside: [],
    wanted,
    policy: sealArtifact('policy', []).digest,
    facts: facts.digest,
  } satisfies Derivation);
  const states = draft.states ?? { pay: 'changed' };
  const difference = sealArtifact('difference', {
    env: 'feat',
    parent: parent ?? null,
    derivation: derivation.digest,
    services: Object.entries(states).map(([service, state]) => {
      const declared = state !== 'impacted';
      return { service, identity: `svc-${service}`, state, declared, changes: [], reason: state };
    }),
  } satisfies Difference);
  const composition = digestOf('composition', { derivation: derivation.digest });
  const plan = sealArtifact('plan', {
    ...planOf(costs),
    wanted,
    derivation: derivation.digest,
    difference: difference.digest,
    composition,
    specs: Object.fromEntries(Object.keys(costs).map((name) => [name, aService(name, draft.specs?.[name])])),
    findings: draft.planFindings ?? [],
  } satisfies Plan);
  const resolution = sealArtifact('resolution', {
    org: 'default',
    env: 'feat',
    engine: 'test',
    plan: plan.digest,
    composition,
    context: { value, headerName: 'x-msx-env', unknown: 'baseline', root, parent: parent ?? null },
    records: [],
    findings: draft.resolutionFindings ?? [],
  } satisfies Resolution);
  return { revision, derivation, facts, difference, plan, resolution };
}

/** The same artifact of another value, as if another stage had made it. */
export function altered<T>(artifact: Artifact<T>, change: Partial<T>): Artifact<T> {
  return sealArtifact(artifact.kind, { ...artifact.value, ...change });
}

function factsOf(siblings: NonNullable<SceneDraft['siblings']>): Facts {
  return {
    prices: defaultPrices,
    expectedHours: 8,
    siblings: siblings.map((sibling) => ({ value: sibling.env, headerName: 'x-msx-env', changed: [], ...sibling })),
  };
}

function planOf(costs: Readonly<Record<string, number>>) {
  const microsPerHour = Object.values(costs).reduce((sum, micros) => sum + micros, 0);
  const placements = Object.entries(costs).map(([service, costMicrosPerHour]): Placement => {
    const spec = aService(service);
    return {
      service,
      identity: `svc-${service}`,
      kind: 'local',
      carriesContext: true,
      specDigest: specDigest(spec),
      runDigest: runDigest(spec),
      reasons: [],
      costMicrosPerHour,
    };
  });
  return {
    org: 'default',
    env: 'feat',
    engine: 'test',
    placements,
    contextEdges: [],
    listeners: [],
    jobs: [],
    omittedJobs: [],
    specs: {},
    cost: {
      microsPerHour,
      fullCopyMicrosPerHour: microsPerHour,
      savedMicrosPerHour: 0,
      expectedHours: 8,
      formula: '',
      terms: [],
      fullCopyTerms: [],
    },
    candidates: [],
  };
}
