import { sortedBy } from '@microstax/model/compare';
import type { ServiceSpec } from '@microstax/model/service-spec';
import type { SnapshotConsistency, SnapshotEngine } from '@microstax/model/snapshot';

export type Member = { readonly service: string; readonly engine: SnapshotEngine };

export type QuiesceScene = {
  readonly members: readonly Member[];
  /** Specs of everything that runs in the environment, by service. */
  readonly running: Readonly<Record<string, ServiceSpec>>;
  /** `feat/checkout calls db`: running services of other environments that call a member themselves. */
  readonly strangers: readonly string[];
};

export type Quiesce =
  /** `pause`: services in the order in which they are paused; they go on in the opposite one. */
  | { readonly kind: 'possible'; readonly consistency: SnapshotConsistency; readonly pause: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly next: string };

/**
 * How data is brought to one moment. A database is consistent in itself. Several services are only where nobody writes while
 * they are copied: everything that runs is paused, each service before what it calls, so that nothing waits half-way for
 * what is paused already. A PostgreSQL server writes for its clients only and has to answer, so it goes on.
 */
export function quiesce({ members, running, strangers }: QuiesceScene): Quiesce {
  if (members.every(({ service }) => running[service] === undefined) && Object.keys(running).length === 0)
    return { kind: 'possible', consistency: { kind: 'at rest' }, pause: [] };
  const [only, ...others] = members;
  if (others.length === 0) {
    const pause = only?.engine === 'folder' && running[only.service] !== undefined ? [only.service] : [];
    return { kind: 'possible', consistency: { kind: 'one' }, pause };
  }
  if (strangers.length > 0)
    return {
      kind: 'refused',
      reason: `they cannot be brought to one moment: ${strangers.join(', ')}, and is not paused`,
      next: 'take them one by one (--services), or put those environments to sleep first',
    };
  const servers = new Set(members.filter(({ engine }) => engine === 'postgres').map(({ service }) => service));
  const order = callersFirst(running).filter((service) => !servers.has(service));
  return { kind: 'possible', consistency: { kind: 'quiesced', order }, pause: order };
}

/** Every service before those that it depends on; of a cycle the first by name comes first. */
export function callersFirst(specs: Readonly<Record<string, ServiceSpec>>): readonly string[] {
  const order: string[] = [];
  const left = new Map(sortedBy(Object.entries(specs), ([name]) => name));
  while (left.size > 0) {
    const called = new Set(
      [...left].flatMap(([name, spec]) => spec.dependsOn.map((one) => one.service).filter((to) => to !== name)),
    );
    const free = [...left.keys()].filter((name) => !called.has(name));
    const next = free.length > 0 ? free : [...left.keys()].slice(0, 1);
    for (const name of next) {
      order.push(name);
      left.delete(name);
    }
  }
  return order;
}
