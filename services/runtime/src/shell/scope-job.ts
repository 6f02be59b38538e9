import type { ScopeRequest } from '@microstax/contracts/router-requests';
import type { ListenerRecord } from '@microstax/model/journal';
import { arrangementOf } from './arrangement.ts';
import type { JobContext } from './job-context.ts';
import { failed, type JobOutcome, tryAgain } from './job-outcome.ts';

/** Makes the place for what will run, and (protocol 27) asks every router for the environment's whole set of listeners, the same as before where it can. */
export async function scopeJob(context: JobContext): Promise<JobOutcome> {
  const { task, world, inventory } = context;
  const { org, env, plan } = task;
  if ((await world.driver.prepare(arrangementOf(context))) === 'fenced')
    return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
  const wanted = plan.listeners.map(({ service, port, protocol, preferredPort }) => ({
    service,
    port,
    protocol,
    preferredPort,
  }));
  let keep = inventory().listeners;
  if (wanted.length === 0 && keep.length === 0) return opened([], 'no service needs a listener');
  const ids = await world.routers.ids();
  if (ids.length === 0) {
    return tryAgain(
      `Cannot open listeners of "${env}": no router answers on the bus; start one with "node apps/router/main.ts", or use msx up`,
    );
  }
  let answers = 0;
  for (const id of ids) {
    const request: ScopeRequest = { org, env, wanted, keep };
    const answer = await world.routers.scope(id, request);
    if (answer.kind === 'gone') continue;
    if (answer.kind === 'silent') return tryAgain(`Cannot open listeners of "${env}": router ${id}: ${answer.reason}`);
    answers += 1;
    keep = answer.reply.listeners; // what the first has, the others are to have too
  }
  if (answers === 0) return tryAgain(`Cannot open listeners of "${env}": every router went away`);
  const missing = wanted.filter(({ service, port }) => !has(keep, service, port));
  if (missing.length > 0) {
    const names = missing.map(({ service, port }) => `${service}/${port}`).join(', ');
    return failed(`Cannot open listeners of "${env}": the router has none for ${names}`);
  }
  return opened(keep);
}

function has(listeners: readonly ListenerRecord[], service: string, port: string): boolean {
  return listeners.some((listener) => listener.service === service && listener.port === port);
}

function opened(listeners: readonly ListenerRecord[], reason?: string): JobOutcome {
  return { kind: 'done', result: { kind: 'listeners', listeners }, ...(reason === undefined ? {} : { reason }) };
}
