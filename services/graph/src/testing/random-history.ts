import type { JournalEvent } from '@microstax/model/journal';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import fc from 'fast-check';
import type { GraphHands } from './graph-hands.ts';

/** `base`, overlays of it, one of an overlay, and one that may map to another: enough for holds, keys, chains and cascades. */
export const historyEnvs = ['base', 'left', 'right', 'deep', 'mapped'] as const;
type Env = (typeof historyEnvs)[number];

const parents: { readonly [env in Env]: Env | null } = {
  base: null,
  left: 'base',
  right: 'base',
  deep: 'left',
  mapped: 'base',
};

export type HistoryStep =
  | { readonly do: 'declare'; readonly env: Env; readonly version: number; readonly removes: boolean }
  | {
      readonly do: 'stop' | 'resume' | 'sleep' | 'wake' | 'retry' | 'delete';
      readonly env: Env;
      readonly cascade: boolean;
    }
  | { readonly do: 'realise'; readonly env: Env; readonly outcome: 'ready' | 'failed'; readonly instances: number };

const env = fc.constantFrom(...historyEnvs);

/** What people and runtimes may do, in any order; most of it is refused or comes to nothing somewhere. */
export const historySteps: fc.Arbitrary<readonly HistoryStep[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('declare'), env, version: fc.integer({ min: 0, max: 3 }), removes: fc.boolean() }),
    fc.record({
      do: fc.constantFrom('stop', 'resume', 'sleep', 'wake', 'retry', 'delete'),
      env,
      cascade: fc.boolean(),
    }),
    fc.record({
      do: fc.constant('realise'),
      env,
      outcome: fc.constantFrom('ready', 'ready', 'ready', 'failed'),
      instances: fc.integer({ min: 0, max: 2 }),
    }),
  ) as fc.Arbitrary<HistoryStep>,
  { minLength: 4, maxLength: 24 },
);

/** Takes one step; what is refused changes nothing but the answers. */
export async function take(hands: GraphHands, step: HistoryStep): Promise<void> {
  if (step.do === 'declare') {
    await hands.accept(declared(step));
    return;
  }
  if (step.do !== 'realise') {
    await hands.command(step.env, step.do, { cascade: step.cascade });
    return;
  }
  const known = await hands.environment(step.env);
  const generation = known?.open.at(-1);
  if (generation === undefined) return;
  await hands.realise(step.env, generation, step.outcome, ...started(step.env, generation, step.instances));
}

/** Everything is declared and serves, then it goes as it goes. */
export async function begin(hands: GraphHands): Promise<void> {
  for (const name of historyEnvs) {
    await take(hands, { do: 'declare', env: name, version: 0, removes: false });
    await take(hands, { do: 'realise', env: name, outcome: 'ready', instances: 1 });
  }
}

function declared({ env, version, removes }: Extract<HistoryStep, { do: 'declare' }>) {
  const parent = parents[env];
  const cart = aService('cart', { env: { VERSION: String(version) } });
  if (env === 'mapped' && version % 2 === 1)
    return aRevision(env, { parent: 'base', services: [aService('web')], routing: { providers: { cart: 'right' } } });
  if (parent !== null) return aRevision(env, { parent, services: [cart], removes: removes ? ['mail'] : [] });
  return aRevision(env, { services: [aService('web', { dependsOn: ['cart', 'mail'] }), cart, aService('mail')] });
}

function started(env: Env, generation: number, count: number): JournalEvent[] {
  return Array.from({ length: count }, (_, index): JournalEvent => {
    const id = `${env}-${generation}-${index}`;
    const run = { id, service: 'cart', runDigest: `sha256:${'0'.repeat(64)}` as const, pid: 1, startTime: '1' };
    const instance = { ...run, bootId: 'boot', ports: {}, epoch: 1 };
    return { type: 'done', job: `workload:${id}`, result: { kind: 'instance', instance } };
  });
}
