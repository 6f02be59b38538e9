/**
 * Fields of the design that this version does not act on: refused, never accepted and ignored (protocol 6). By the place
 * that they stand at; docs/blueprint.md lists the same.
 */
export const notYetFields = {
  blueprint: ['plan', 'plans', 'ttl', 'snapshot', 'seeds', 'residency'],
  routing: ['front'],
  service: ['id', 'image', 'probes', 'volumes', 'mocks', 'init', 'contract'],
  resources: ['requests', 'limits'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What to do in place of a field, where there is something. */
export const insteadOf: Readonly<Record<string, string>> = {
  image: 'say how the service is run as a local process: run: { command: [node, server.js] }',
  probes: 'leave it out: a service is ready when every declared port accepts a TCP connect',
  requests: 'write cpu, memory and storage directly under resources',
  limits: 'write cpu, memory and storage directly under resources',
  autoShutdownEnabled: 'set autoShutdownEnabled to false or leave it out: environments run until they are deleted',
  autoShutdownDelayMinutes: 'leave it out: environments run until they are deleted',
};
