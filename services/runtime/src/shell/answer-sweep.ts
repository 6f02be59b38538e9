import { type Endpoint, endpoint } from '@microstax/bus/bus';
import { sweep } from '@microstax/contracts/runtime-requests';
import type { RuntimeConfig } from '../config.ts';
import type { Runner } from './run-execution.ts';
import { sweepWorld } from './sweep.ts';

/** Answers `msx sweep` for this host and data directory, and for this runtime's own organisation. */
export function sweepAnswer({ driver, dataDir }: Pick<RuntimeConfig, 'driver' | 'dataDir'>, runner: Runner): Endpoint {
  return endpoint(sweep, async (request, { org }) => {
    if (driver.kind !== 'process') return { kind: 'not realised', driver: driver.kind };
    if (org !== runner.org) return { kind: 'swept', host: runner.world.owner.host, dataDir, orphans: [] };
    return sweepWorld(dataDir, request, runner);
  });
}
