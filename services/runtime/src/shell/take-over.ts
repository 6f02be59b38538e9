import type { HeldExecution } from '@microstax/contracts/graph-requests';
import { environmentKey } from '@microstax/contracts/topology';
import { failpoint } from '@microstax/service/failpoint';
import { isSameProcess } from '@microstax/service/process-identity';
import { executionWasNotTakenOver } from '../events.ts';
import { loadArtifacts } from './load-artifacts.ts';
import { type Runner, runExecution, runOf } from './run-execution.ts';

export type Offer = {
  readonly org: string;
  readonly env: string;
  readonly generation: number;
  readonly execution: string;
  readonly epoch: number;
  readonly reason: string;
};

/** Takes over an execution whose owner is silent or dead, and runs the rest of it (protocol 22). */
export function takeOver(offer: Offer, runner: Runner): Promise<void> {
  return runner.runs.claiming(environmentKey(offer.org, offer.env), () => takeOverNow(offer, runner));
}

/**
 * Goes on at once with an execution that nobody runs: its owner on this host has ended, or is this process, which never
 * heard that it owns it. Everybody else's is the graph's to judge. To be called inside `runs.claiming`.
 */
export async function goOnWith(
  held: HeldExecution,
  about: Pick<Offer, 'org' | 'env' | 'generation'>,
  runner: Runner,
): Promise<void> {
  const reason = whyAbandoned(held, about, runner);
  if (reason !== undefined)
    await takeOverNow({ ...about, execution: held.execution, epoch: held.epoch, reason }, runner);
}

/** Why nobody runs an execution, as far as this process can know; undefined where somebody may. */
export function whyAbandoned(
  held: HeldExecution,
  { org, env }: Pick<Offer, 'org' | 'env'>,
  { world, runs }: Runner,
): string | undefined {
  const { owner } = held;
  if (owner.host !== world.owner.host) return undefined;
  const isMine =
    owner.pid === world.owner.pid && owner.startTime === world.owner.startTime && owner.bootId === world.owner.bootId;
  if (isMine)
    return runs.runs(environmentKey(org, env), runOf(held)) ? undefined : 'its owner did not hear that it owns it';
  return isSameProcess(owner) ? undefined : `its owner, process ${owner.pid} on this host, has ended`;
}

async function takeOverNow(offer: Offer, runner: Runner): Promise<void> {
  const { org, env, generation, execution, reason } = offer;
  const { graph, owner, log } = runner.world;
  const reply = await graph.takeover(org, { env, execution, epoch: offer.epoch, owner, reason });
  if (reply.kind === 'lost') {
    executionWasNotTakenOver(log, { org, env, execution, reason: reply.reason });
    return reply.held && goOnWith(reply.held, offer, runner);
  }
  await failpoint('runtime.takeover.after-decide');
  const { plan, resolution } = await loadArtifacts(graph, org, reply);
  const { epoch, length, inventory, events } = reply;
  const task = { org, env, generation, execution, plan, resolution, epoch, length, inventory, events };
  runExecution(task, 'taken over', runner);
}
