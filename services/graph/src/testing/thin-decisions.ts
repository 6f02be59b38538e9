import { type Bundle, openArtifact } from '@microstax/contracts/bundle';
import type { Approval, FindingsReport } from '@microstax/model/approval';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import type { Composition } from '@microstax/model/composition';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
import { runDigest } from '@microstax/model/service-spec';

export type ThinDecisions = {
  readonly plan: Artifact<Plan>;
  readonly resolution: Artifact;
  readonly findings: Artifact<FindingsReport>;
  readonly approval: Artifact<Approval>;
};

/** What planner, resolver and validator say of a revised generation, as thinly as the graph can tell. */
export function thinDecisions(bundle: Bundle, env: string): ThinDecisions {
  const { root, derivation } = openArtifact<Composition>(bundle, 'composition').value;
  const { org, routing } = openArtifact<Revision>(bundle, 'revision').value;
  const engine = 'test';
  const plan = sealArtifact('plan', planOf(bundle, { org, env }));
  const resolution = sealArtifact('resolution', { org, env, engine, plan: plan.digest, records: [] });
  const named = { org, env, engine, plan: plan.digest, resolution: resolution.digest };
  const findings = sealArtifact<FindingsReport>('findings', { ...named, findings: [] });
  const uniqueKeys = [`route:${root}/x-msx-env=${routing.value}`];
  const approval = sealArtifact<Approval>('approval', { ...named, derivation, findings: findings.digest, uniqueKeys });
  return { plan, resolution, findings, approval };
}

/** Changed services local, the others at their one remote alternative. */
function planOf(bundle: Bundle, { org, env }: { readonly org: string; readonly env: string }): Plan {
  const composition = openArtifact<Composition>(bundle, 'composition');
  const difference = openArtifact(bundle, 'difference');
  const derivation = openArtifact<{ wanted: Plan['wanted'] }>(bundle, 'derivation');
  const local = (owner: string, remote: unknown): boolean => owner === env || remote === null;
  const present = composition.value.services.filter(({ removed }) => !removed);
  return {
    org,
    env,
    wanted: derivation.value.wanted,
    engine: 'test',
    derivation: derivation.digest,
    difference: difference.digest,
    composition: composition.digest,
    placements: present.map(({ name, identity, owner: by, remote, spec, specDigest }) => ({
      service: name,
      identity,
      kind: local(by, remote) ? 'local' : 'inherited',
      carriesContext: false,
      specDigest,
      runDigest: runDigest(spec),
      ...(local(by, remote) ? {} : { provider: must(remote, 'it is not local') }),
      reasons: [],
      costMicrosPerHour: 0,
    })),
    contextEdges: [],
    listeners: [],
    jobs: [],
    omittedJobs: [],
    specs: {},
    cost: {
      microsPerHour: 0,
      fullCopyMicrosPerHour: 0,
      savedMicrosPerHour: 0,
      expectedHours: 8,
      formula: '',
      terms: [],
      fullCopyTerms: [],
    },
    candidates: [],
    findings: [],
  };
}
