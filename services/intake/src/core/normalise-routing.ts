import { defaultHeaderName } from '@microstax/model/names';
import type { RoutingSpec } from '@microstax/model/revision';
import type { WrittenRouting } from './blueprint-schema.ts';
import type { Problem } from './problem.ts';
import { checkPools, checkProviders, normalisePools, normaliseProviders } from './providers.ts';
import { quote } from './quote.ts';

/** The routing of an environment with its defaults explicit (protocol 6). */
export function normaliseRouting(written: WrittenRouting, env: string): RoutingSpec {
  const root = written.mode !== 'overlay';
  return {
    value: written.overlayId ?? env,
    ...(root ? { headerName: (written.headerName ?? defaultHeaderName).toLowerCase() } : {}),
    propagateHeader: written.propagateHeader,
    ...(root ? { unknown: written.unknown ?? 'baseline' } : {}),
    ...normaliseProviders(written.providers),
    ...normalisePools(written.pools),
    ...(!root && written.parentMoved === 'preview' ? { parentMoved: 'preview' } : {}),
    ...(root && written.front === 'allow' ? { front: 'allow' } : {}),
  };
}

/** Headers that HTTP, the router or a trace have a meaning for already. */
const reservedHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'baggage',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What routing says against itself or against the mode. Lineage is `checkLineage`'s. */
export function checkRouting(written: WrittenRouting, env: string): Problem[] {
  return [
    ...checkHeader(written),
    ...checkMode(written),
    ...checkProviders(written.providers, env),
    ...checkPools(written.pools, env),
  ];
}

function checkHeader({ mode, headerName, baselineId }: WrittenRouting): Problem[] {
  if (headerName === undefined) return [];
  const path = ['routing', 'headerName'];
  if (mode === 'overlay')
    return [
      {
        code: 'header-on-overlay',
        path,
        mark: 'key',
        reason: `an overlay's requests are told apart by the header of its baseline (protocol 15), so one of its own would never be read`,
        next: `leave it out here, and set headerName in the Blueprint of the baseline${baselineId === undefined ? '' : ` above ${quote(baselineId)}`}`,
      },
    ];
  if (!reservedHeaders.has(headerName.toLowerCase())) return [];
  return [
    {
      code: 'reserved-header',
      path,
      reason: `header ${quote(headerName)} has a meaning of its own in HTTP or tracing`,
      next: `choose another, or leave it out for ${quote(defaultHeaderName)}`,
    },
  ];
}

function checkMode({ mode, unknown, track, parentMoved, propagateHeader, front }: WrittenRouting): Problem[] {
  const overlay = mode === 'overlay';
  return [
    ...(overlay && unknown !== undefined
      ? [ofTheBaseline('unknown', 'unknown-on-overlay', 'what an unknown context meets')]
      : []),
    ...(overlay && !propagateHeader
      ? [ofTheBaseline('propagateHeader', 'propagate-on-overlay', 'whether the context is passed on')]
      : []),
    ...(overlay && front !== undefined
      ? [ofTheBaseline('front', 'front-on-overlay', 'whether what others manage may be fronted')]
      : []),
    ...(!overlay && track !== undefined ? [withoutParent('track', 'track', mode)] : []),
    ...(!overlay && parentMoved !== undefined ? [withoutParent('parentMoved', 'parent-moved', mode)] : []),
  ];
}

function ofTheBaseline(field: string, code: string, what: string): Problem {
  return {
    code,
    path: ['routing', field],
    mark: 'key',
    reason: `${what} is decided by the baseline, not by an overlay`,
    next: `leave it out here, and set routing.${field} in the Blueprint of the baseline`,
  };
}

function withoutParent(field: string, word: string, mode: string): Problem {
  return {
    code: `${word}-without-parent`,
    path: ['routing', field],
    mark: 'key',
    reason: `${field} says how a parent is followed, and mode ${quote(mode)} has none`,
    next: 'leave it out, or make the environment an overlay',
  };
}
