import { lineageDepthMax } from './derivation.ts';
import type { Finding } from './finding.ts';
import type { EnvironmentMode } from './revision.ts';
import type { PortSpec } from './service-spec.ts';

/** What a lineage decision reads of an environment: its declarations, never its readiness. */
export type EnvironmentView = {
  readonly env: string;
  readonly mode: EnvironmentMode;
  readonly project: string;
  readonly deleted: boolean;
  /** Nearest first; empty for a root. */
  readonly ancestors: readonly string[];
  readonly root: string;
  readonly value: string;
  readonly headerName: string;
  /** The effective services, sorted by name. With `ports`, a dependency on one takes its port and protocol by default. */
  readonly services: readonly {
    readonly name: string;
    readonly identity: string;
    readonly ports?: readonly PortSpec[];
  }[];
  /** Identities of services that somebody in its lineage, or itself, took away: a new one of that name is another. */
  readonly buried?: readonly string[];
};

export type LineageClaim = {
  readonly env: string;
  readonly mode: EnvironmentMode;
  readonly parent: string | null;
  readonly value: string;
};
export type LineageKnown = {
  readonly self: EnvironmentView | null;
  readonly parent: EnvironmentView | null;
  readonly valueHolder: string | null;
};

/**
 * The one check of lineage and mode: intake runs it early, the graph's commit runs it again and alone is final
 * (design 5.1). All findings, none stops the others.
 */
export function checkLineage(claim: LineageClaim, known: LineageKnown): Finding[] {
  return [
    ...checkParent(claim, known),
    ...checkChain(claim, known),
    ...checkMode(claim, known),
    ...checkValue(claim, known),
  ];
}

function checkParent({ mode, parent }: LineageClaim, known: LineageKnown): Finding[] {
  if (mode !== 'overlay') {
    if (parent === null) return [];
    return [
      refusal(
        'parent-not-allowed',
        'routing.baselineId',
        `mode is "${mode}", which has no parent, but baselineId is "${parent}"`,
        'set routing.mode to "overlay" or remove baselineId',
      ),
    ];
  }
  if (parent === null)
    return [
      refusal(
        'missing-parent',
        'routing.baselineId',
        'mode is "overlay", which needs a parent, but baselineId is missing',
        'name the environment to derive from in routing.baselineId',
      ),
    ];
  if (parent.includes('/'))
    return [
      refusal(
        'foreign-parent',
        'routing.baselineId',
        `parent "${parent}" names an organisation, and a lineage stays within its own`,
        'name an environment of this organisation, without a "/"',
      ),
    ];
  if (known.parent === null)
    return [
      refusal(
        'unknown-parent',
        'routing.baselineId',
        `parent "${parent}" is not known, and nobody has submitted it`,
        `apply the Blueprint of "${parent}" first, or see: msx get environments`,
      ),
    ];
  if (known.parent.deleted)
    return [
      refusal(
        'deleted-parent',
        'routing.baselineId',
        `parent "${parent}" is deleted`,
        `apply the Blueprint of "${parent}" again, or choose another parent`,
      ),
    ];
  if (known.parent.mode === 'isolated')
    return [
      refusal(
        'isolated-parent',
        'routing.baselineId',
        `parent "${parent}" is isolated and shares nothing`,
        `make "${parent}" a baseline, or choose another parent`,
      ),
    ];
  return [];
}

function checkChain({ env, parent }: LineageClaim, known: LineageKnown): Finding[] {
  if (parent === null) return [];
  if (parent === env || known.parent?.ancestors.includes(env)) {
    const chain = [env, parent, ...(known.parent?.ancestors ?? [])];
    return [
      refusal(
        'lineage-cycle',
        'routing.baselineId',
        `the lineage would be a cycle: ${chain.slice(0, chain.indexOf(env, 1) + 1 || undefined).join(' → ')}`,
        'choose a parent that does not derive from this environment',
      ),
    ];
  }
  const depth = (known.parent?.ancestors.length ?? 0) + 1;
  if (depth > lineageDepthMax)
    return [
      refusal(
        'lineage-too-deep',
        'routing.baselineId',
        `the lineage would be ${depth} deep, at most ${lineageDepthMax} is allowed`,
        'derive from an environment nearer to the baseline',
      ),
    ];
  return [];
}

function checkMode({ env, mode, parent }: LineageClaim, { self }: LineageKnown): Finding[] {
  if (self === null || self.deleted) return [];
  if (self.mode !== mode)
    return [
      refusal(
        'mode-changed',
        'routing.mode',
        `"${env}" is ${article(self.mode)} and cannot become ${article(mode)}`,
        `delete "${env}" first, or use another name`,
      ),
    ];
  const was = self.ancestors[0] ?? null;
  if (was !== parent)
    return [
      refusal(
        'parent-changed',
        'routing.baselineId',
        `"${env}" derives from "${was}" and cannot move to "${parent}"`,
        `delete "${env}" first, or use another name`,
      ),
    ];
  return [];
}

function checkValue({ env, value }: LineageClaim, { valueHolder }: LineageKnown): Finding[] {
  if (valueHolder === null || valueHolder === env) return [];
  return [
    refusal(
      'context-value-taken',
      'routing.overlayId',
      `context value "${value}" already selects "${valueHolder}"`,
      'choose another routing.overlayId',
    ),
  ];
}

function article(mode: EnvironmentMode): string {
  return mode === 'baseline' ? 'a baseline' : mode === 'overlay' ? 'an overlay' : 'isolated';
}

function refusal(code: string, subject: string, reason: string, next: string): Finding {
  return { severity: 'error', code, subject, reason, next };
}
