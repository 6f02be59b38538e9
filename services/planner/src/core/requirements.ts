import type { ComposedService } from '@microstax/model/composition';
import type { ServiceDifference } from '@microstax/model/difference';
import type { PlacementReason } from '@microstax/model/plan';
import { isRunnable } from '@microstax/model/runnable';
import type { ComposedView } from './composed-view.ts';
import { movingChanges, namedChanges } from './named-changes.ts';
import { noVerdicts, type ServiceVerdict, type Verdicts } from './verdicts.ts';

/** The hard facts about one service: why it must run here, why it must not, and whether it is here at all. */
export type Requirements = {
  readonly local: readonly PlacementReason[];
  readonly remote: readonly PlacementReason[];
  /** Nobody can be asked for it here: it is taken away, or optional and nobody provides it. */
  readonly absent: 'removed' | 'no-provider' | null;
};

/** Hard facts come from difference, composition and the verdicts of policies alone (design 5.3). */
export function requirementsOf(view: ComposedView, verdicts: Verdicts = noVerdicts): readonly Requirements[] {
  const optional = onlyOptional(view);
  const required = byService(verdicts.required);
  const forbidden = byService(verdicts.forbidden);
  return view.services.map((service, index) => {
    const difference = view.differences[index] ?? null;
    if (service.removed) return { local: [], remote: [], absent: 'removed' };
    const local = [...mustBeLocal(view, service, difference), ...policyReasons('policy-requires', required, service)];
    const remote = [...mustBeRemote(view, service, difference), ...policyReasons('policy-forbids', forbidden, service)];
    // An optional dependency that can neither run here nor be inherited is denied, not refused (design 5.3).
    const denied =
      remote.length > 0 && service.remote === null && optional[index] === true && difference?.state !== 'changed';
    return denied ? { local: [], remote, absent: 'no-provider' } : { local, remote, absent: null };
  });
}

/** Whether a service can be asked at all, by index. */
export function presenceOf(requirements: readonly Requirements[]): (index: number) => boolean {
  const present = Uint8Array.from(requirements, ({ absent }) => (absent === null ? 1 : 0));
  return (index) => present[index] === 1;
}

function mustBeLocal(
  view: ComposedView,
  service: ComposedService,
  difference: ServiceDifference | null,
): PlacementReason[] {
  const { env } = view;
  const { name, remote, owner, spec } = service;
  const reasons: PlacementReason[] = [];
  // Declared for its ports alone: somebody else was named to run it.
  if (!isRunnable(spec) && remote?.tier === 'explicit provider mapping') return [];
  if (!view.derived && owner === env) {
    const text = `${env} derives from no other environment, so ${name} runs here`;
    return [{ code: 'root-runs-everything', text }];
  }
  if (difference?.state === 'added' && owner === env) reasons.push(addedReason(env, difference));
  const moving = movingChanges(difference?.changes ?? []);
  if (difference?.state === 'changed' && moving.length > 0)
    reasons.push({
      code: 'declared-change',
      text: `${name} is changed in ${env}: ${namedChanges(moving)}`,
      because: moving.map((change) => change.pointer),
    });
  if (spec.sharing === 'deny')
    reasons.push({ code: 'sharing-denied', text: `${name} may not be shared: its sharing is "deny"` });
  if (remote === null && reasons.length === 0) reasons.push(noRemoteAlternative(service));
  return reasons;
}

function addedReason(env: string, { service, formerName }: ServiceDifference): PlacementReason {
  if (formerName === undefined)
    return { code: 'added', text: `${service} is new in ${env}: no environment it derives from declares it` };
  const text = `${service} is renamed in ${env}: it was ${formerName}, and nobody it derives from answers under its new name`;
  return { code: 'renamed', text, because: [formerName] };
}

function byService(verdicts: readonly ServiceVerdict[]): ReadonlyMap<string, readonly ServiceVerdict[]> {
  return Map.groupBy(verdicts, ({ service }) => service);
}

function policyReasons(
  code: 'policy-requires' | 'policy-forbids',
  verdicts: ReadonlyMap<string, readonly ServiceVerdict[]>,
  { name }: ComposedService,
): PlacementReason[] {
  const what = code === 'policy-requires' ? `requires ${name} to run here` : `forbids a copy of ${name} here`;
  return (verdicts.get(name) ?? []).map(({ policy, message }) => ({
    code,
    text: `policy "${policy}" ${what}: ${message}`,
    because: [policy],
  }));
}

function noRemoteAlternative({ name, candidates }: ComposedService): PlacementReason {
  const because = candidates.map((candidate) => `${candidate.env} as ${candidate.tier}: ${candidate.reason}`);
  const code = 'no-remote-alternative';
  if (because.length === 0) return { code, text: `${name} cannot be inherited: no environment offers it` };
  return { code, text: `${name} cannot be inherited: ${because.join('; ')}`, because };
}

function mustBeRemote(
  view: ComposedView,
  service: ComposedService,
  difference: ServiceDifference | null,
): PlacementReason[] {
  const { name, spec, owner } = service;
  const reasons: PlacementReason[] = [];
  if (owner !== view.env || difference?.state === 'changed') {
    if (parentSharing(service, difference) === 'require')
      reasons.push({
        code: 'sharing-required',
        text: `${name} must be shared: its sharing is "require", so no environment below may run a copy`,
      });
  }
  if (difference === null)
    reasons.push({
      code: 'not-declared',
      text: `${name} is declared by no environment of this lineage, so there is nothing of it to run here`,
    });
  if (spec.run === undefined && spec.image === undefined)
    reasons.push({ code: 'no-runnable-spec', text: `${name} declares nothing that could be run` });
  return reasons;
}

// An overlay does not lift its parent's `require` by declaring another value beside its change.
function parentSharing({ spec }: ComposedService, difference: ServiceDifference | null): string {
  const change = difference?.changes.find(({ pointer }) => pointer === '/sharing' || pointer.startsWith('/sharing/'));
  return change?.before?.replaceAll('"', '') ?? spec.sharing;
}

/** Whether a service is depended on, and by nobody who requires it. */
function onlyOptional(view: ComposedView): readonly boolean[] {
  const { to, dependencies, length } = view.edges;
  const [used, required] = [new Uint8Array(view.services.length), new Uint8Array(view.services.length)];
  for (let edge = 0; edge < length; edge += 1) {
    used[to[edge] as number] = 1;
    if (dependencies[edge]?.required) required[to[edge] as number] = 1;
  }
  return view.services.map((_, index) => used[index] === 1 && required[index] === 0);
}
