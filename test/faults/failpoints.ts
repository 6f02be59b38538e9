import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durables } from '@microstax/contracts/topology';
import type { Room } from './fault-house.ts';
import { services } from './split-house.ts';

const root = join(import.meta.dirname, '..', '..');

/** Every failpoint that a service has, as its code and its durables say: a new one is tried without being listed. */
export function failpointsOf(service: Room): readonly string[] {
  const files = globSync(`services/${service}/src/**/*.ts`, { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const named = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/failpoint\(['`]([^'`]+)['`]\)/g)].map((hit) => hit[1] ?? ''),
  );
  const acks = Object.values(durables).filter((durable) => durable.service === service);
  // A point may stand at several ends of one handler.
  return [...new Set([...named.flatMap(spelledOut), ...acks.map(({ name }) => `${name}.after-ack`)])].sort();
}

// One handler records what three stages said.
function spelledOut(name: string): readonly string[] {
  return ['planned', 'resolved', 'decided']
    .map((stage) => name.replace(/\$\{[^}]*\}/, stage))
    .filter((text, at, all) => all.indexOf(text) === at);
}

export function allFailpoints(): ReadonlyMap<Room, readonly string[]> {
  return new Map(services.map((service) => [service, failpointsOf(service)]));
}
