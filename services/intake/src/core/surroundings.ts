import type { EnvironmentView } from '@microstax/model/lineage-check';
import type { PortSpec } from '@microstax/model/service-spec';
import { nearestWord } from './nearest-word.ts';
import { normalisePorts } from './normalise-ports.ts';
import { externalOf } from './providers.ts';
import type { ReadBlueprint } from './read-blueprint.ts';

/** What the name of a service stands for, seen from the Blueprint. `ports` is absent where nobody told them. */
export type Meaning =
  | { readonly kind: 'declared' | 'inherited' | 'mapped'; readonly ports?: readonly PortSpec[] }
  | { readonly kind: 'removed' | 'nothing' }
  /** The parent is not known here, a pool may have it, or its own declaration is broken. */
  | { readonly kind: 'open' };

export type Surroundings = {
  meaningOf(service: string): Meaning;
  /** Whether the parent's effective graph has it. */
  isInherited(service: string): boolean;
  /** The name that a mistyped one most likely meant. Answers a few times only: each looks through all names. */
  suggest(service: string): string | undefined;
};

const suggestionsMax = 20; // by 20,000 names each; who mistypes more has another problem

/** Names as this Blueprint and its parent's effective services give them meaning. */
export function surroundingsOf(
  { services, routing }: Pick<ReadBlueprint, 'services' | 'routing'>,
  parent: EnvironmentView | null,
): Surroundings {
  const meanings = new Map<string, Meaning>();
  for (const service of parent?.services ?? [])
    meanings.set(service.name, { kind: 'inherited', ...(service.ports === undefined ? {} : { ports: service.ports }) });
  for (const [service, provider] of Object.entries(routing?.providers ?? {})) {
    if (meanings.has(service)) continue;
    const external = externalOf(provider);
    const ports = external && [{ name: external.portName, containerPort: external.port, protocol: external.protocol }];
    meanings.set(service, { kind: 'mapped', ...(ports === undefined ? {} : { ports }) });
  }
  for (const { name, written } of services) {
    if (name === undefined) continue;
    if (written === undefined) meanings.set(name, { kind: 'open' });
    else if (written.remove) meanings.set(name, { kind: 'removed' });
    else meanings.set(name, { kind: 'declared', ports: normalisePorts(written.ports) });
  }
  const open = routing === undefined || routing.pools.length > 0 || (routing.mode === 'overlay' && parent === null);
  const unknown: Meaning = { kind: open ? 'open' : 'nothing' };
  const inherited = new Set(parent?.services.map(({ name }) => name));
  let suggestions = 0;
  return {
    meaningOf: (service) => meanings.get(service) ?? unknown,
    isInherited: (service) => inherited.has(service),
    suggest: (service) => (++suggestions > suggestionsMax ? undefined : nearestWord(service, meanings.keys())),
  };
}
