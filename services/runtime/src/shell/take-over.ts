import { failpoint } from '@microstax/service/failpoint';
import { executionWasNotTakenOver } from '../events.ts';
import { loadArtifacts } from './load-artifacts.ts';
import { type Runner, runExecution } from './run-execution.ts';

/** Takes over an execution whose owner is silent or dead, and runs the rest of it (protocol 22). */
export async function takeOver(
  offer: {
    readonly org: string;
    readonly env: string;
    readonly generation: number;
    readonly execution: string;
    readonly epoch: number;
    readonly reason: string;
  },
  runner: Runner,
): Promise<void> {
  const { org, env, generation, execution, reason } = offer;
  const { graph, owner, log } = runner.world;
  const reply = await graph.takeover(org, { env, execution, epoch: offer.epoch, owner, reason });
  if (reply.kind === 'lost') return executionWasNotTakenOver(log, { org, env, execution, reason: reply.reason });
  await failpoint('runtime.takeover.after-decide');
  const { plan, resolution } = await loadArtifacts(graph, org, reply);
  const { epoch, length, inventory, events } = reply;
  const task = { org, env, generation, execution, plan, resolution, epoch, length, inventory, events };
  runExecution(task, 'taken over', runner);
}
