import type { Finding } from '@microstax/model/finding';
import { checkLineage } from '@microstax/model/lineage-check';
import type { DeriveRequest, DeriveState } from './derive-state.ts';
import { knownIdentities, mintedIdentities } from './mint.ts';
import { isGone } from './offer.ts';

/**
 * What makes a derivation impossible. Stopping and deleting is always possible: nothing of the lineage is used for it
 * but where requests go, and a broken lineage must not keep an environment alive.
 */
export function refusalsOf(request: DeriveRequest, state: DeriveState): readonly Finding[] {
  if (request.wanted === 'stopped' || request.wanted === 'deleted') return [];
  return [...lineageRefusals(request, state), ...identityRefusals(state)];
}

// The check that intake ran early; here alone it is final (design 5.1).
function lineageRefusals({ env }: DeriveRequest, state: DeriveState): readonly Finding[] {
  const { mode, parent, routing } = state.own.value;
  return checkLineage(
    { env, mode, parent: parent?.env ?? null, value: routing.value },
    { self: state.selfView, parent: state.parentView, valueHolder: valueHolderOf(env, routing.value, state.members) },
  );
}

/** Who under the same root has a context value already, if another one than `env`. */
export function valueHolderOf(env: string, value: string, members: DeriveState['members']): string | null {
  return members.find((member) => member.env !== env && member.value === value && !isGone(member))?.env ?? null;
}

function identityRefusals(state: DeriveState): readonly Finding[] {
  const buried = new Set(state.parentView?.buried);
  const minted = mintedIdentities(state.own.value).map(({ identity }) => identity);
  const explained = new Set(minted.filter((identity) => !buried.has(identity)));
  for (const { identity } of knownIdentities(state)) explained.add(identity);
  const seen = new Map<string, string>();
  return state.own.value.services.flatMap((declaration): Finding[] => {
    if (declaration.kind === 'remove') return [];
    const { name, identity } = declaration;
    const other = seen.get(identity);
    seen.set(identity, name);
    if (other !== undefined) return [identityFinding(name, `"${name}" and "${other}" have one identity "${identity}"`)];
    if (explained.has(identity)) return [];
    return [identityFinding(name, `identity "${identity}" of "${name}" belongs to no service of its lineage`)];
  });
}

function identityFinding(name: string, reason: string): Finding {
  return {
    severity: 'error',
    code: 'identity-mismatch',
    subject: `services.${name}`,
    reason,
    next: 'apply the Blueprint again; its lineage changed while it was judged',
  };
}
