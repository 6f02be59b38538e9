import type { Composition } from '@microstax/model/composition';
import type { RouteContext } from '@microstax/model/resolution';
import type { Revision } from '@microstax/model/revision';

/** How requests of this environment are told; header and treatment of unknown values are the root's (protocol 6, 15). */
export function routeContext(revision: Revision, { root, rootRouting, ancestors }: Composition): RouteContext {
  return {
    value: revision.routing.value,
    headerName: rootRouting.headerName,
    unknown: rootRouting.unknown,
    root,
    parent: ancestors[0] ?? null,
  };
}
