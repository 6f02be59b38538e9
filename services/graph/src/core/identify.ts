import { sortedBy } from '@microstax/model/compare';
import { serviceIdentity } from '@microstax/model/service-identity';

export type NamedIdentity = { readonly name: string; readonly identity: string };
export type IdentifyInput = {
  readonly org: string;
  readonly project: string;
  readonly services: readonly { readonly name: string; readonly formerNames: readonly string[] }[];
  /** What the environment and its parent amount to at present; the first of two with one name counts. */
  readonly known: readonly NamedIdentity[];
  /** Identities of services that the lineage took away: who comes under such a name is another service. */
  readonly buried?: readonly string[];
};

/** `minted` where the identity is new: what it is the digest of. */
export type Identified = NamedIdentity & {
  readonly minted: { readonly firstName: string; readonly ordinal: number } | null;
};

/**
 * The stable identity of every service: carried by a former name, else kept by the name, else minted with the first
 * ordinal that no other service of the lineage has. Sorted by name.
 */
export function identifyServices({ org, project, services, known, buried = [] }: IdentifyInput): readonly Identified[] {
  const byName = new Map<string, string>();
  for (const { name, identity } of known) if (!byName.has(name)) byName.set(name, identity);
  const sorted = sortedBy(services, ({ name }) => name);
  const taken = new Map<string, string>();

  for (const { name, formerNames } of sorted) {
    if (byName.has(name)) continue;
    const former = formerNames.map((formerName) => byName.get(formerName)).find((identity) => identity !== undefined);
    if (former !== undefined && ![...taken.values()].includes(former)) taken.set(name, former);
  }
  const renamed = new Set(taken.values());
  for (const { name } of sorted) {
    const kept = byName.get(name);
    if (kept !== undefined && !renamed.has(kept)) taken.set(name, kept);
  }

  const used = new Set([...byName.values(), ...taken.values(), ...buried]);
  return sorted.map(({ name }) => {
    const found = taken.get(name);
    if (found !== undefined) return { name, identity: found, minted: null };
    const minted = mint({ org, project, firstName: name }, used);
    used.add(minted.identity);
    return { name, ...minted };
  });
}

function mint(
  about: { readonly org: string; readonly project: string; readonly firstName: string },
  used: ReadonlySet<string>,
): { readonly identity: string; readonly minted: { readonly firstName: string; readonly ordinal: number } } {
  for (let ordinal = 1; ; ordinal++) {
    const identity = serviceIdentity({ ...about, ordinal });
    if (!used.has(identity)) return { identity, minted: { firstName: about.firstName, ordinal } };
  }
}
