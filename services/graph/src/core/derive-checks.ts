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
  return [...lineageRefusals(request, state), ...identityRefusals(state), ...renameRefusals(request, state)];
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

/**
 * One service must not be there twice, under its own name and one that is inherited. Who is derived again because a
 * parent renamed it is not refused for that: what it declares did not change.
 */
function renameRefusals({ cause }: DeriveRequest, { own, parentView }: DeriveState): readonly Finding[] {
  if (cause.kind !== 'submission' || parentView === null) return [];
  const here = new Set(own.value.services.map(({ name }) => name));
  const inherited = parentView.services.filter(({ name }) => !here.has(name));
  const names = new Map(inherited.map(({ name, identity }) => [identity, name]));
  return own.value.services.flatMap((declaration): Finding[] => {
    const former = declaration.kind === 'run' ? names.get(declaration.identity) : undefined;
    if (former === undefined) return [];
    const reason = `"${declaration.name}" was "${former}", which is inherited from the parent all the same`;
    return [identityFinding(declaration.name, reason)];
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
