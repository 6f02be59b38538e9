import type { Finding } from '@microstax/model/finding';
import { type ComposedView, type Edge, edgeAt, nameAt } from './composed-view.ts';
import { isPassedThrough } from './context-edges.ts';
import type { Flows } from './flows.ts';
import { listed } from './listed.ts';
import { namedChanges } from './named-changes.ts';
import type { Placed } from './place-services.ts';
import { dependencyPhrase } from './placement-reasons.ts';

/** What a plan has to say beyond its placements; nothing here blocks. In the order of names. */
export function planFindings(view: ComposedView, flows: Flows | null, placed: readonly Placed[]): Finding[] {
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
function passedThrough(view: ComposedView, flows: Flows | null, placed: readonly Placed[]): Finding[] {
  const byTarget = new Map<number, { readonly callers: Set<string>; readonly protocols: Set<string> }>();
  for (let at = 0; at < (flows?.length ?? 0); at += 1) {
    if (flows === null || !isPassedThrough(flows, at)) continue;
    const to = flows.to[at] as number;
    let known = byTarget.get(to);
    if (known === undefined) {
      known = { callers: new Set(), protocols: new Set() };
      byTarget.set(to, known);
    }
    known.callers.add(nameAt(view, flows.from[at] as number));
    known.protocols.add(view.edges.dependencies[flows.edges[at] as number]?.protocol ?? '');
  }
  return [...byTarget]
    .sort(([a], [b]) => a - b)
    .map(([to, reached]) => {
      const service = nameAt(view, to);
      const callers = listed([...reached.callers]);
      const protocols = listed([...reached.protocols].sort());
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
  return edgesWhere(view, (from, to) => placed[to]?.kind === 'denied' && placed[from]?.kind !== 'denied')
    .filter(({ dependency }) => dependency.required)
    .map((edge) => {
      const { service, code } = placed[edge.to] as Placed;
      const reason = `${dependencyPhrase(view, { edge })} and requires it, but ${service} is denied here (${code})`;
      const next = `mark that dependency with required: false, or keep ${service}`;
      return { severity: 'warning', code: 'required-but-denied', subject: nameAt(view, edge.from), reason, next };
    });
}

function sharedWrites(view: ComposedView, placed: readonly Placed[]): Finding[] {
  return edgesWhere(view, (from) => placed[from]?.kind === 'local')
    .filter(({ dependency }) => dependency.kind === 'writes')
    .flatMap(({ from, to }) => {
      const provider = placed[to]?.provider;
      if (provider === undefined) return [];
      const writer = nameAt(view, from);
      const reason = `${writer} runs here and writes to ${nameAt(view, to)} of ${provider.env}: both environments change the same data`;
      const next = `set sharing.inherit of ${nameAt(view, to)} to "deny" if its data must not be shared`;
      return [{ severity: 'warning', code: 'shared-writes', subject: writer, reason, next }];
    });
}

function edgesWhere(view: ComposedView, holds: (from: number, to: number) => boolean): Edge[] {
  const { length, from, to } = view.edges;
  const found: Edge[] = [];
  for (let edge = 0; edge < length; edge += 1)
    if (holds(from[edge] as number, to[edge] as number)) found.push(edgeAt(view.edges, edge));
  return found;
}
