import type { Candidate, ComposedService, Composition, RemoteTier } from '@microstax/model/composition';
import type { Finding } from '@microstax/model/finding';
import type { Placement, Plan } from '@microstax/model/plan';
import type { LogicalTarget, ResolvedRecord, TierTried } from '@microstax/model/resolution';
import { disagreement } from './disagreement.ts';

export type ResolvedRecords = { readonly records: readonly ResolvedRecord[]; readonly findings: readonly Finding[] };

/** Between `local overlay`, which the plan decides, and `denied`, which is the record of no answer (design 5.4). */
const remoteTiers: readonly RemoteTier[] = [
  'explicit provider mapping',
  'inherited ancestor',
  'baseline',
  'shared provider pool',
];

/**
 * One record per service of the composition: the tiers in their order, each that was tried, and the one that answered.
 * It restates plan and composition; where they do not say the same, that is a finding.
 */
export function resolveRecords(composition: Composition, plan: Plan): ResolvedRecords {
  const placements = new Map(plan.placements.map((placement) => [placement.service, placement]));
  const records: ResolvedRecord[] = [];
  const findings: Finding[] = [];
  for (const service of composition.services) {
    const placement = placements.get(service.name);
    const record = resolveService(composition, service, placement);
    const finding = disagreement(record, placement);
    records.push(record);
    if (finding !== null) findings.push(finding);
  }
  return { records, findings };
}

function resolveService(
  composition: Composition,
  service: ComposedService,
  placement: Placement | undefined,
): ResolvedRecord {
  const local = localTier(composition.env, placement);
  const common = {
    env: composition.env,
    service: service.name,
    identity: service.identity,
    ports: service.spec.ports.map(({ name, protocol }) => ({ name, protocol })),
  };
  if (local.answered)
    return {
      ...common,
      tier: 'local overlay',
      target: { env: composition.env, service: service.name },
      tried: [local],
    };
  const { tried, answer } = tryRemoteTiers(composition, service);
  if (answer !== null) {
    return { ...common, tier: answer.tier, target: targetOf(answer), tried: [local, ...tried] };
  }
  const code = placement?.code ?? 'no-provider';
  const denied: TierTried = { tier: 'denied', answered: true, reason: deniedReason(code, composition.env) };
  return { ...common, tier: 'denied', target: null, code, tried: [local, ...tried, denied] };
}

/** Where an address is counts for who may use it; nobody goes by it. */
function targetOf({ env, service, external }: Candidate): LogicalTarget {
  if (external === undefined) return { env, service };
  const { host, port, portName, protocol } = external;
  return { external: { host, port, portName, protocol } };
}

// Only the code of the plan's reason: its text may name other services, and a record changes with its own service only.
function localTier(env: string, placement: Placement | undefined): TierTried {
  const code = placement?.reasons[0]?.code ?? 'no-reason';
  const answered = placement?.kind === 'local';
  const reason = answered ? `runs here: ${code}` : `does not run here: ${placement ? code : 'not placed'}`;
  return { tier: 'local overlay', env, answered, reason };
}

function tryRemoteTiers(
  composition: Composition,
  service: ComposedService,
): { readonly tried: readonly TierTried[]; readonly answer: Candidate | null } {
  const tried: TierTried[] = [];
  for (const tier of remoteTiers) {
    const candidates = service.candidates.filter((candidate) => candidate.tier === tier);
    if (candidates.length === 0) tried.push({ tier, answered: false, reason: nobodyReason(tier, composition) });
    for (const candidate of candidates) {
      const { env, eligible: answered, reason } = candidate;
      tried.push({ tier, env, answered, reason });
      if (answered) return { tried, answer: candidate };
    }
  }
  return { tried, answer: null };
}

function nobodyReason(tier: RemoteTier, { env, root, ancestors }: Composition): string {
  switch (tier) {
    case 'explicit provider mapping':
      return 'no mapping names it';
    case 'inherited ancestor':
      return ancestors.length > 1 ? `no ancestor between ${env} and ${root} owns it` : 'no ancestor before the root';
    case 'baseline':
      return ancestors.length > 0 ? `${root} does not offer it` : `${env} derives from no other environment`;
    case 'shared provider pool':
      return 'no pool offers it';
  }
}

function deniedReason(code: string, env: string): string {
  switch (code) {
    case 'removed':
      return `taken away in the lineage of ${env}`;
    case 'not-wanted':
      return `${env} is not wanted running, and nobody else provides it`;
    default:
      return 'no tier answers';
  }
}
