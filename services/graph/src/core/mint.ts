import type { Revision } from '@microstax/model/revision';
import { serviceIdentity } from '@microstax/model/service-identity';
import type { DeriveState } from './derive-state.ts';
import type { NamedIdentity } from './identify.ts';

/** Ordinals that are looked at when an identity is to be explained: how often one name was given away and taken anew. */
const ordinalMax = 16;

export type MintedIdentity = {
  readonly name: string;
  readonly identity: string;
  readonly firstName: string;
  readonly ordinal: number;
};

/** What the environment, its parent and the stored revision that it was made from know by name, its own first. */
export function knownIdentities({
  selfView,
  parentView,
  sourceServices,
}: Pick<DeriveState, 'selfView' | 'parentView' | 'sourceServices'>): readonly NamedIdentity[] {
  return [...(selfView?.services ?? []), ...(parentView?.services ?? []), ...(sourceServices ?? [])];
}

/** The declared identities that are digests of the service's own or a former name, with what they are digests of. */
export function mintedIdentities({ org, project, services }: Revision): readonly MintedIdentity[] {
  return services.flatMap((declaration): MintedIdentity[] => {
    if (declaration.kind === 'remove') return [];
    const { name, identity, formerNames } = declaration;
    for (const firstName of [name, ...formerNames])
      for (let ordinal = 1; ordinal <= ordinalMax; ordinal++)
        if (serviceIdentity({ org, project, firstName, ordinal }) === identity)
          return [{ name, identity, firstName, ordinal }];
    return [];
  });
}
