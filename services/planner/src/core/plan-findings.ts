import type { Finding } from '@microstax/model/finding';
import { type ComposedView, nameAt } from './composed-view.ts';
import { isPassedThrough } from './context-edges.ts';
import type { Flow } from './flows.ts';
import { listed } from './listed.ts';
import { namedChanges } from './named-changes.ts';
import type { Placed } from './place-services.ts';
import { dependencyPhrase } from './placement-reasons.ts';

/** What a plan has to say beyond its placements; nothing here blocks. In the order of names. */
export function planFindings(view: ComposedView, flows: readonly Flow[], placed: readonly Placed[]): Finding[] {
  if (view.wanted === 'stopped' || view.wanted === 'deleted') return [];
  return [
    ...declaredButInherited(view, placed),
    ...passedThrough(view, flows, placed),
    ...requiredButDenied(view, placed),
    ...sharedWrites(view, placed),
  ];
}

function declaredButInherited(view: ComposedView, placed: readonly Placed[]): Finding[] {
  return placed.flatMap(({ service, provider }, index) => {
    const { declared, changes } = view.differences[index] ?? { declared: false, changes: [] as const };
    if (provider === undefined || !declared || changes.length === 0) return [];
    const reason = `${service} is declared with ${namedChanges(changes)}, and ${provider.env}'s instance goes on serving without them`;
    const next = `change what ${service} does if it has to run here, or take the declaration out`;
    return [{ severity: 'warning', code: 'declared-but-inherited', subject: service, reason, next }];
  });
}

/** One finding for each service that is reached over grpc or tcp, however many call it. */
function passedThrough(view: ComposedView, flows: readonly Flow[], placed: readonly Placed[]): Finding[] {
  const byTarget = Map.groupBy(flows.filter(isPassedThrough), ({ to }) => to);
  return [...byTarget]
    .sort(([a], [b]) => a - b)
    .map(([to, reaching]) => {
      const service = nameAt(view, to);
      const callers = listed([...new Set(reaching.map(({ from }) => nameAt(view, from)))]);
      const protocols = listed([...new Set(reaching.map(({ protocol }) => protocol))].sort());
      const target = placed[to]?.provider?.env ?? view.env;
      return {
        severity: 'info',
        code: 'pass-through',
        subject: service,
        reason: `${service} is reached over ${protocols}, which is passed through to one target, the ${service} of ${target}: the context selects nothing there, and an environment that changes ${service} runs ${callers} too`,
      };
    });
}

function requiredButDenied(view: ComposedView, placed: readonly Placed[]): Finding[] {
  return view.edges
    .filter(({ to, dependency }) => dependency.required && placed[to]?.kind === 'denied')
    .filter(({ from }) => placed[from]?.kind !== 'denied')
    .map((edge) => {
      const { service, code } = placed[edge.to] as Placed;
      const reason = `${dependencyPhrase(view, { edge })} and requires it, but ${service} is denied here (${code})`;
      const next = `mark that dependency with required: false, or keep ${service}`;
      return { severity: 'warning', code: 'required-but-denied', subject: nameAt(view, edge.from), reason, next };
    });
}

function sharedWrites(view: ComposedView, placed: readonly Placed[]): Finding[] {
  return view.edges
    .filter(({ from, dependency }) => dependency.kind === 'writes' && placed[from]?.kind === 'local')
    .flatMap(({ from, to }) => {
      const provider = placed[to]?.provider;
      if (provider === undefined) return [];
      const writer = nameAt(view, from);
      const reason = `${writer} runs here and writes to ${nameAt(view, to)} of ${provider.env}: both environments change the same data`;
      const next = `set sharing.inherit of ${nameAt(view, to)} to "deny" if its data must not be shared`;
      return [{ severity: 'warning', code: 'shared-writes', subject: writer, reason, next }];
    });
}
