import { type Endpoint, endpoint } from '@microstax/bus/bus';
import { type CheckSnapshotReply, checkSnapshot, seedPackages, takeSnapshot } from '@microstax/contracts/data-requests';
import { matches } from './driver/data/seed-packages.ts';
import type { Runner } from './run-execution.ts';
import { takeSnapshotOf } from './take-snapshot.ts';

/** Answers `msx snapshot` and `msx seed` for the data that this runtime's driver keeps. */
export function dataAnswers(runner: Runner): readonly Endpoint[] {
  const { world } = runner;
  return [
    endpoint(takeSnapshot, async (request, { org }) => {
      if (org === runner.org) return takeSnapshotOf(request, runner);
      return { kind: 'refused', code: 'not-here', reason: `this runtime looks after organisation "${runner.org}"` };
    }),
    endpoint(checkSnapshot, async ({ env, name }, { org }): Promise<CheckSnapshotReply> => {
      const hands = world.driver.data;
      const [recorded] = await world.graph.snapshots(org, { env, name });
      if (hands === undefined || recorded === undefined)
        return {
          kind: 'not here',
          reason: hands === undefined ? 'this driver keeps no snapshots' : 'none is recorded',
        };
      const reason = await hands.check({ org, env }, recorded);
      return reason === undefined ? { kind: 'intact' } : { kind: 'damaged', reason };
    }),
    endpoint(seedPackages, async ({ term }) => {
      const hands = world.driver.data;
      if (hands === undefined) return { items: [], unreadable: [], folder: '' };
      const all = await hands.seeds();
      return term === undefined ? all : { ...all, items: all.items.filter((item) => matches(item, term)) };
    }),
  ];
}
