import type { IdentifyReply, IdentifyRequest } from '@microstax/contracts/graph-requests';
import { serviceIdentity } from '@microstax/model/service-identity';
import type { BlueprintOrigin, ReadBlueprint } from './read-blueprint.ts';

/** What the graph is asked about a Blueprint; undefined where its routing cannot be read, so nobody knows its parent. */
export function identifyRequest({ address, header, routing, services }: ReadBlueprint): IdentifyRequest | undefined {
  if (routing === undefined) return undefined;
  return {
    env: address.env,
    parent: routing.baselineId ?? null,
    mode: routing.mode,
    project: header?.project ?? null,
    value: routing.overlayId ?? address.env,
    services: services.flatMap(({ written }) =>
      written === undefined || written.remove ? [] : [{ name: written.name, formerNames: written.formerNames }],
    ),
  };
}

type IdentityScene = {
  readonly org: string;
  readonly project: string;
  readonly reply: IdentifyReply | null;
  readonly origin?: BlueprintOrigin | undefined;
};

/**
 * The identity of a service: the one of the stored revision that the Blueprint was made from, what the graph proposed,
 * else that of a service which is new under its first name.
 */
export function identityOf(
  service: { readonly name: string; readonly formerNames?: readonly string[] },
  { org, project, reply, origin }: IdentityScene,
): string {
  const { name, formerNames = [] } = service;
  const stored = [name, ...formerNames].map((one) => origin?.identities.get(one)).find((one) => one !== undefined);
  if (stored !== undefined) return stored;
  const proposed = reply !== null && Object.hasOwn(reply.identities, name) ? reply.identities[name] : undefined;
  return proposed ?? serviceIdentity({ org, project, firstName: name, ordinal: 1 });
}
