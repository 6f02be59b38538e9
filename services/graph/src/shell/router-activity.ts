import type { Bus } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { type ActivityReply, activityOf } from '@microstax/contracts/router-requests';
import type { Activity } from '../core/idle.ts';

const pingMs = 1_000; // nobody waits for it, and a router that is missed would make its environments look idle
const answerMs = 3_000;

/** Asks every router how long an environment has not been asked for. Never rejects: who does not answer makes it unknown. */
export type AskActivity = (org: string, env: string) => Promise<Activity>;

/** Whoever answered once is asked until it is known to be gone, so that a router that is merely slow is not overlooked. */
export function routerActivity(bus: Bus): AskActivity {
  const known = new Set<string>();
  let isFirst = true;
  return async (org, env) => {
    try {
      if (isFirst) for (const id of await bus.routers(pingMs)) known.add(id);
      for (const id of await bus.routers(pingMs)) known.add(id);
      isFirst = false;
      const replies = await Promise.all([...known].map((id) => askOne(bus, id, { org, env })));
      for (const reply of replies) if (reply.kind === 'gone') known.delete(reply.id);
      return together(replies);
    } catch (error) {
      return { kind: 'unknown', reason: error instanceof Error ? error.message : 'routers cannot be asked' };
    }
  };
}

type Reply =
  | ActivityReply
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'silent'; readonly id: string };

async function askOne(bus: Bus, id: string, about: { readonly org: string; readonly env: string }): Promise<Reply> {
  try {
    return await bus.requestRouter(activityOf, id, about, { timeoutMs: answerMs });
  } catch (error) {
    if (error instanceof BusError && error.code === 'no-responder') return { kind: 'gone', id };
    if (error instanceof BusError) return { kind: 'silent', id };
    throw error;
  }
}

/** What the answers of all routers amount to: the one that was asked last counts. */
export function together(replies: readonly Reply[]): Activity {
  const silent = replies.find((reply) => reply.kind === 'silent');
  if (silent) return { kind: 'unknown', reason: `router ${silent.id} does not say when it was asked last` };
  const seen = replies.filter((reply) => reply.kind === 'seen');
  if (seen.length === 0) return { kind: 'unknown', reason: 'no router answers' };
  if (seen.some(({ open }) => open > 0)) return { kind: 'busy' };
  return { kind: 'idle', idleMs: Math.min(...seen.map(({ idleMs }) => idleMs)) };
}
