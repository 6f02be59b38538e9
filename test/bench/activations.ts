import { randomUUID } from 'node:crypto';
import type { Bus } from '@microstax/bus/bus';
import { activationDenied } from '@microstax/contracts/activation-denied';
import { activationFailed } from '@microstax/contracts/activation-failed';
import { blueprintRejected } from '@microstax/contracts/blueprint-rejected';
import type { CommandVerb } from '@microstax/contracts/command';
import { environmentReady } from '@microstax/contracts/environment-ready';
import { planRefused } from '@microstax/contracts/plan-refused';
import { revisionRefused } from '@microstax/contracts/revision-refused';
import { blueprintSubject, commandSubject, filters } from '@microstax/contracts/subjects';
import { defaultOrg as org } from '@microstax/model/names';
import { whereItStands } from './where-it-stands.ts';

const ends = [environmentReady, activationFailed, activationDenied, blueprintRejected, planRefused, revisionRefused];
const timeoutMs = 60_000; // a machine that is busy with other things is slow, not broken

/** Submits and waits for `environment ready`, the way a person's watch would measure it. */
export type Activations = AsyncDisposable & {
  /** Publishes a Blueprint; settles with the milliseconds until the environment said that it is ready. */
  apply(env: string, blueprint: string): Promise<number>;
  delete(env: string): Promise<void>;
  /** The same of a command; settles with how long it took. */
  command(env: string, verb: CommandVerb): Promise<number>;
};

/** One activation of an environment at a time. */
export async function followActivations(bus: Bus): Promise<Activations> {
  const waiting = new Map<string, (text: string) => void>();
  const subscriptions = await Promise.all(
    ends.map(async ({ service, last }) => bus.subscribe(filters.eventsNamed(service, last))),
  );
  const ready = environmentReady.last;
  for (const subscription of subscriptions) void hear(subscription);
  async function hear(events: AsyncIterable<{ readonly subject: string; readonly body: Uint8Array }>): Promise<void> {
    for await (const { subject, body } of events) {
      const env = subject.split('.')[4] ?? '';
      waiting.get(env)?.(subject.endsWith(`.${ready}`) ? '' : `${subject}: ${new TextDecoder().decode(body)}`);
    }
  }
  async function send(env: string, subject: string, body: string): Promise<number> {
    const ended = Promise.withResolvers<void>();
    waiting.set(env, (failure) => (failure === '' ? ended.resolve() : ended.reject(new Error(failure))));
    const giveUp = async (): Promise<void> => {
      const where = await whereItStands(bus, env).catch((error: unknown) => String(error));
      ended.reject(new Error(`"${env}" is not ready ${timeoutMs} ms after ${subject}: ${where}`));
    };
    const timer = setTimeout(() => void giveUp(), timeoutMs);
    try {
      const startedAt = performance.now();
      const sent = bus.publishRaw({ subject, body: new TextEncoder().encode(body), id: randomUUID() });
      await Promise.all([sent, ended.promise]);
      return performance.now() - startedAt;
    } finally {
      clearTimeout(timer);
      waiting.delete(env);
    }
  }
  return {
    apply: (env, blueprint) => send(env, blueprintSubject({ org, env }), blueprint),
    command: (env, verb) => send(env, commandSubject({ service: 'graph', org, env, verb }), ''),
    async delete(env) {
      await send(env, commandSubject({ service: 'graph', org, env, verb: 'delete' }), '');
    },
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) await subscription[Symbol.asyncDispose]();
    },
  };
}
