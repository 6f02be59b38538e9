import type { Composition } from '@microstax/model/composition';
import type { Plan } from '@microstax/model/plan';
import { instanceId, wantedInstance, workloadJobs } from '../core/instances.ts';
import type { Arrangement } from './driver/driver.ts';
import type { Graph } from './graph.ts';
import type { JobContext } from './job-context.ts';

/** What the driver is told of an environment as a whole: each service's instance is the one there, or the one to come. */
export function arrangementOf({ task, world, inventory }: JobContext): Arrangement {
  const { org, env, epoch, plan, resolution, generation } = task;
  const wanted = new Map(
    workloadJobs(plan).map((job) => {
      const there = wantedInstance(inventory(), job);
      return [job.service, there?.id ?? instanceId(job, generation)] as const;
    }),
  );
  const { listeners } = inventory();
  const composition = () => compositionOf(world.graph, plan);
  return { scope: { org, env }, epoch, plan, resolution, wanted, listeners, composition };
}

// Every workload of a plan asks, and what a digest names never changes.
const known = new WeakMap<Plan, Promise<Composition>>();

/** The composition that a plan was made from. */
export function compositionOf(graph: Pick<Graph, 'artifact'>, plan: Plan): Promise<Composition> {
  const before = known.get(plan);
  if (before !== undefined) return before;
  const asked = load(graph, plan);
  known.set(plan, asked);
  asked.catch(() => known.delete(plan)); // an outage is over some time
  return asked;
}

async function load(graph: Pick<Graph, 'artifact'>, { org, composition }: Plan): Promise<Composition> {
  const found = await graph.artifact<Composition>(org, 'composition', composition);
  if (!found) throw new Error(`Cannot arrange by composition ${composition}: the graph has no such artifact`);
  return found;
}
