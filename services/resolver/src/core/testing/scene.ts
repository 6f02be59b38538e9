import { sealArtifact } from '@microstax/model/artifact';
import type { Candidate, ComposedService, Composition } from '@microstax/model/composition';
import type { Placement, Plan } from '@microstax/model/plan';
import { runDigest, type ServiceSpec, specDigest } from '@microstax/model/service-spec';
import { aRevision, aService } from '@microstax/testkit/blueprints';

export type CandidateDraft = Pick<Candidate, 'env' | 'tier'> & Partial<Candidate>;
export type ServiceScene = {
  readonly candidates?: readonly CandidateDraft[];
  readonly kind: Placement['kind'];
  readonly code?: string;
  readonly removed?: boolean;
  readonly spec?: ServiceSpec;
};

/** An overlay `feat` on `team` on `shop`, as graph and planner would hand it over; they agree unless a test says not. */
export function scene(
  services: Readonly<Record<string, ServiceScene>>,
  ancestors: readonly string[] = ['team', 'shop'],
) {
  const names = Object.keys(services).sort();
  const composed = names.map((name) => composedService(name, services[name] as ServiceScene));
  const root = ancestors.at(-1) ?? 'feat';
  const composition: Composition = {
    env: 'feat',
    mode: ancestors.length > 0 ? 'overlay' : 'baseline',
    root,
    ancestors,
    rootRouting: { headerName: 'x-shop-env', unknown: 'deny' },
    derivation: sealArtifact('derivation', {}).digest,
    services: composed,
  };
  const sealed = sealArtifact('composition', composition);
  const placements = composed.map((service) => placement(service, services[service.name] as ServiceScene));
  const plan: Plan = {
    org: 'default',
    env: 'feat',
    wanted: 'running',
    engine: 'test',
    derivation: composition.derivation,
    difference: sealArtifact('difference', {}).digest,
    composition: sealed.digest,
    placements,
    contextEdges: [],
    listeners: [],
    jobs: [],
    omittedJobs: [],
    specs: {},
    cost: {
      microsPerHour: 0,
      fullCopyMicrosPerHour: 0,
      savedMicrosPerHour: 0,
      expectedHours: 1,
      formula: '',
      terms: [],
      fullCopyTerms: [],
    },
    candidates: [],
    findings: [],
  };
  const [parent] = ancestors;
  const revision = aRevision('feat', { ...(parent === undefined ? {} : { parent }), routing: { value: 'feat-1' } });
  return { revision: sealArtifact('revision', revision), composition: sealed, plan: sealArtifact('plan', plan) };
}

function composedService(name: string, { candidates = [], removed = false, spec = aService(name) }: ServiceScene) {
  const offers = candidates.map((draft): Candidate => {
    const eligible = draft.eligible ?? true;
    return { service: name, specDigest: specDigest(spec), eligible, reason: eligible ? 'offers it' : 'no', ...draft };
  });
  return {
    name,
    identity: `svc-${name}`,
    owner: 'feat',
    removed,
    spec,
    specDigest: specDigest(spec),
    candidates: offers,
    remote: offers.find(({ eligible }) => eligible) ?? null,
  } satisfies ComposedService;
}

function placement(
  { name, identity, spec, specDigest: digest, remote }: ComposedService,
  { kind, code }: ServiceScene,
) {
  const isRemote = kind !== 'local' && kind !== 'denied' && remote !== null;
  return {
    service: name,
    identity,
    kind,
    carriesContext: false,
    specDigest: digest,
    runDigest: runDigest(spec),
    ...(isRemote && remote.external ? { external: remote.external } : {}),
    ...(isRemote && !remote.external
      ? { provider: { env: remote.env, service: remote.service, specDigest: remote.specDigest } }
      : {}),
    ...(code === undefined ? {} : { code }),
    reasons: [{ code: `${kind}-for-a-test`, text: 'a text that names other services' }],
    costMicrosPerHour: 0,
  } satisfies Placement;
}
