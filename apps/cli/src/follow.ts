import { type ActivationItem, query } from '@microstax/contracts/queries';
import { filters } from '@microstax/contracts/subjects';
import type { Plan } from '@microstax/model/plan';
import { CliError } from './cli-error.ts';
import { estimateText, readEstimate } from './estimate.ts';
import { exitCodes } from './exit-codes.ts';
import { ask, type Session } from './session.ts';

const pollMs = 1_000;

export type FollowOptions = {
  readonly env: string;
  readonly generation: number;
  readonly timeoutMs: number;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
};

/**
 * Settles with an activation once it has its outcome. It reads before it waits, prints on change only, and says what is
 * being waited for. Live events make it quick, reading makes it sure.
 */
export async function followActivation(session: Session, options: FollowOptions): Promise<ActivationItem> {
  const { env, generation, timeoutMs, progress, signal } = options;
  await using events = await session.bus.subscribe(filters.eventsAbout(session.org, env));
  let wake = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const event of events) {
      const lines = progressLines(event.subject, event.body, generation);
      for (const line of lines) progress(line);
      wake.resolve();
      if (lines.some((line) => line.startsWith('claimed'))) await sayEstimate(session, options);
    }
  })();
  reading.catch(() => wake.resolve());
  const abort = (): void => wake.resolve();
  signal?.addEventListener('abort', abort);
  const deadline = Date.now() + timeoutMs;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const item = await activationOf(session, env, generation);
      if (item?.outcome) return item;
      if (Date.now() > deadline) {
        throw new CliError({
          code: 'timeout',
          message: `${env}@${generation} has no outcome after ${timeoutMs / 1000} s: ${item?.reason ?? 'not yet recorded'}`,
          next: `msx status ${env}`,
          trace: item?.traces[0] ?? null,
          exitCode: exitCodes.timeout,
        });
      }
      await Promise.race([wake.promise, new Promise((resolve) => setTimeout(resolve, pollMs))]);
      wake = Promise.withResolvers<void>();
    }
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** How long it will take, if that can be said; nobody waits for it, and nothing fails by it. */
async function sayEstimate(session: Session, { env, generation, progress }: FollowOptions): Promise<void> {
  try {
    const reply = await ask(session, query, { kind: 'environment-detail', env, at: generation });
    const plan = reply.kind === 'environment-detail' ? reply.item.artifacts.plan : undefined;
    if (plan === undefined || reply.kind !== 'environment-detail') return;
    const { inventory } = reply.item;
    const jobs = { plan: JSON.parse(plan.bytes) as Plan, envs: [env], inventory };
    const estimate = await readEstimate(session, jobs);
    if (estimate !== null) progress(estimateText(estimate));
  } catch {
    // The activation itself is what is followed.
  }
}

export async function activationOf(
  session: Session,
  env: string,
  generation: number,
): Promise<ActivationItem | undefined> {
  const reply = await ask(session, query, { kind: 'activations', env });
  return reply.kind === 'activations' ? reply.items.find((item) => item.generation === generation) : undefined;
}

type Progress = {
  readonly generation?: number;
  readonly moves?: readonly JobMove[];
  readonly jobs?: number;
};

type JobMove = {
  readonly job: string;
  readonly state: string;
  readonly action?: string;
  readonly reason?: string;
};

function progressLines(subject: string, bytes: Uint8Array, generation: number): readonly string[] {
  const [, , service, , , last] = subject.split('.');
  let body: Progress;
  try {
    body = JSON.parse(Buffer.from(bytes).toString('utf8')) as Progress;
  } catch {
    return [];
  }
  if (body.generation !== generation) return [];
  if (service === 'planner' && last === 'drafted') return ['planned'];
  if (service === 'resolver' && last === 'recorded') return ['resolved'];
  if (service === 'validator' && last === 'approved') return ['approved'];
  if (service !== 'graph') return [];
  if (last === 'started') return [`claimed, ${body.jobs ?? 0} jobs`];
  return last === 'changed' ? (body.moves ?? []).flatMap((move) => jobLine(move) ?? []) : [];
}

function jobLine({ job, state, action, reason }: JobMove): string | undefined {
  if (state === 'intended') return action === 'keep' ? undefined : `waiting for ${job}${action ? ` (${action})` : ''}`;
  if (state === 'done') return `done ${job}${reason ? `: ${reason}` : ''}`;
  return `${state} ${job}${reason ? `: ${reason}` : ''}`;
}
