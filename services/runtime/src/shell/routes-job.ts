import { routeTable } from '../core/route-table.ts';
import { arrangementOf } from './arrangement.ts';
import type { JobContext } from './job-context.ts';
import { type JobOutcome, tryAgain } from './job-outcome.ts';
import { writeRoutes } from './route-key.ts';

/** Protocol 25: moves the world's own names, writes the table, then waits until every router that answers the ping routes by it. */
export async function routesJob(context: JobContext): Promise<JobOutcome> {
  const { task, world, inventory, stamped } = context;
  const { org, env, plan, resolution, epoch, generation } = task;
  if ((await world.driver.rename(arrangementOf(context))) === 'fenced')
    return { kind: 'fenced', reason: `a newer owner of "${env}" was here` };
  const table = routeTable({ plan, resolution, inventory: inventory(), epoch, generation });
  const write = await writeRoutes(world.tables, { org, env, epoch }, () => table, stamped);
  if (write.kind === 'fenced')
    return { kind: 'fenced', reason: `the route table of "${env}" has epoch ${write.epoch}` };
  const { revision } = write;
  const ids = await world.routers.ids();
  const { confirmMs: timeoutMs } = world.limits;
  const answers = await Promise.all(
    ids.map(async (id) => ({ id, answer: await world.routers.confirm(id, { org, env, revision, timeoutMs }) })),
  );
  const open = answers.filter(
    ({ answer }) => answer.kind === 'silent' || (answer.kind === 'answered' && !answer.reply.confirmed),
  );
  if (open.length > 0) {
    const names = open.map(({ id }) => id).join(', ');
    return tryAgain(`Cannot move routes of "${env}": router ${names} has not confirmed revision ${revision}`);
  }
  const reason = ids.length === 0 ? 'no router answers' : `confirmed by ${answers.length} router(s)`;
  return { kind: 'done', result: { kind: 'routes', revision }, reason };
}
