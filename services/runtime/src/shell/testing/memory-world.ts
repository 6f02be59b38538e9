import { systemClock } from '@microstax/service/clock';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import type { RuntimeLimits } from '../../config.ts';
import type { Routers } from '../routers.ts';
import type { World } from '../world.ts';
import { MemoryBucket } from './memory-bucket.ts';
import { MemoryDriver } from './memory-driver.ts';
import { MemoryGraph } from './memory-graph.ts';

export type MemoryWorld = World & {
  readonly driver: MemoryDriver;
  readonly graph: MemoryGraph;
  readonly tables: MemoryBucket;
  readonly statuses: MemoryBucket;
};

const limits: RuntimeLimits = {
  ...{
    maxParallel: 4,
    leaseMs: 15_000,
    observeMs: 10_000,
    drainMs: 10,
    stopGraceMs: 10,
    readyMs: 1_000,
    confirmMs: 10,
  },
};
const telemetry = startTelemetry({ service: 'runtime' });

/** Everything that an execution touches, in memory, with one willing router; only for tests. */
export function memoryWorld(draft: Partial<MemoryWorld> = {}): MemoryWorld {
  const routers: Routers = {
    ids: async () => ['R1'],
    scope: async (_id, { wanted }) => ({
      kind: 'answered',
      reply: {
        listeners: wanted.map(({ service, port }, index) => ({
          service,
          port,
          host: '127.0.0.1',
          listenPort: 9_000 + index,
        })),
      },
    }),
    confirm: async (_id, { revision }) => ({ kind: 'answered', reply: { confirmed: true, revision } }),
    idle: async () => ({ kind: 'answered', reply: { idle: true, open: 0 } }),
  };
  return {
    owner: { host: 'h', pid: 1, startTime: '1', bootId: 'b' },
    driver: new MemoryDriver(),
    graph: new MemoryGraph(),
    routers,
    tables: new MemoryBucket(),
    statuses: new MemoryBucket(),
    clock: systemClock,
    log: silentLog,
    tracer: telemetry.tracer,
    limits,
    ...draft,
  };
}
