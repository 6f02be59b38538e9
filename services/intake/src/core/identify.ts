import type { IdentifyReply, IdentifyRequest } from '@microstax/contracts/graph-requests';
import { serviceIdentity } from '@microstax/model/service-identity';
import type { ReadBlueprint } from './read-blueprint.ts';

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

/** The identity of a service: what the graph proposed, else that of a service which is new under its first name. */
export function identityOf(
  service: { readonly name: string },
  { org, project, reply }: { readonly org: string; readonly project: string; readonly reply: IdentifyReply | null },
): string {
  const { name } = service;
  const proposed = reply !== null && Object.hasOwn(reply.identities, name) ? reply.identities[name] : undefined;
  return proposed ?? serviceIdentity({ org, project, firstName: name, ordinal: 1 });
}
