// Owns: a snapshot that somebody asks for (`msx snapshot create`).
// 1. It is of what serves, while nothing is executed in its environment; whoever comes meanwhile waits.
// 2. What could not be recorded is taken away again: only the graph's record makes a snapshot.
import type { TakeSnapshotReply, TakeSnapshotRequest } from '@microstax/contracts/data-requests';
import { environmentKey } from '@microstax/contracts/topology';
import { newestSnapshot } from '@microstax/model/data-step';
import type { Derivation } from '@microstax/model/derivation';
import { must } from '@microstax/model/must';
import { isToken } from '@microstax/model/names';
import type { Plan } from '@microstax/model/plan';
import { snapshotWasTaken } from '../events.ts';
import type { DataHands, Keeper } from './driver/data-hands.ts';
import type { Runner } from './run-execution.ts';
import { type EstateEntry, servingArtifacts } from './serving-table.ts';

const idleTries = 100;
const idlePollMs = 100;

/** Takes and records a snapshot; what cannot be done is a refusal with what to do. */
export async function takeSnapshotOf(request: TakeSnapshotRequest, runner: Runner): Promise<TakeSnapshotReply> {
  const { world, org, runs } = runner;
  const { env, name } = request;
  const hands = world.driver.data;
  if (hands === undefined)
    return refused('not-realisable', 'the driver of this runtime cannot take snapshots', 'use the process driver');
  if (!isToken(env)) return refused('bad-name', `${JSON.stringify(env)} names no environment`);
  if (name !== undefined && (!isToken(name) || name === newestSnapshot))
    return refused(
      'bad-name',
      `a snapshot cannot be named ${JSON.stringify(name)}: allowed are 1 to 40 of a-z, 0-9 and "-", but not "${newestSnapshot}"`,
    );
  for (let tries = 0; tries < idleTries; tries += 1) {
    let reply: TakeSnapshotReply | undefined;
    await runs.whileIdle(environmentKey(org, env), async () => {
      reply = await takeIdle(request, hands, runner);
    });
    if (reply !== undefined) return reply;
    await world.clock.delay(idlePollMs, runner.end);
  }
  return refused('busy', `something is executed in "${env}"`, `wait for it: msx status ${env}`);
}

async function takeIdle(request: TakeSnapshotRequest, hands: DataHands, runner: Runner): Promise<TakeSnapshotReply> {
  const { world, org } = runner;
  const { env } = request;
  const [entry] = (await world.graph.estate(org, env)).environments;
  if (entry?.open) return refused('busy', `something is executed in "${env}"`, `wait for it: msx status ${env}`);
  const serving = entry && (await servingArtifacts(entry, world));
  if (!entry?.serving || !serving) return refused('not-serving', `"${env}" serves nothing here`, `msx status ${env}`);
  const { plan } = serving;
  const running = keepersOf(plan, entry);
  const keepers = chosen(request, running);
  if (typeof keepers === 'string') return refused('no-data', keepers, `msx get services ${env}`);
  const derivation = await world.graph.artifact<Derivation>(org, 'derivation', plan.derivation);
  const outcome = await hands.take({
    scope: { org, env },
    name: request.name ?? (await freeName(runner, env)),
    keepers,
    running: running.filter(({ instance }) => instance !== undefined),
    strangers: keepers.length > 1 ? await strangersOf(runner, env, keepers) : [],
    about: {
      generation: entry.serving.generation,
      plan: entry.serving.plan,
      revision: must(derivation, 'the store has the derivation of what serves').revision,
      takenAt: world.clock.now(),
    },
  });
  if (outcome.kind === 'refused')
    return refused('not-taken', `Cannot take a snapshot of "${env}": ${outcome.reason}`, outcome.next);
  const { snapshot } = outcome;
  const kept = await world.graph.keepSnapshot(org, snapshot).catch(async (error: unknown) => {
    await outcome.discard(); // invariant 2
    throw error;
  });
  if (kept.kind === 'taken') {
    await outcome.discard();
    return refused(
      'name-taken',
      `there is a snapshot "${env}/${snapshot.name}" already, which may have been restored`,
      'give it another --name',
    );
  }
  snapshotWasTaken(world.log, {
    org,
    env,
    snapshot: snapshot.name,
    digest: snapshot.digest,
    services: snapshot.services.length,
  });
  return { kind: 'taken', snapshot };
}

function keepersOf(plan: Plan, { inventory }: EstateEntry): readonly Keeper[] {
  return Object.values(plan.specs).map((spec) => ({
    spec,
    instance: inventory.instances.find(({ service }) => service === spec.name),
  }));
}

function chosen({ env, services }: TakeSnapshotRequest, running: readonly Keeper[]): readonly Keeper[] | string {
  const stateful = running.filter(({ spec }) => spec.stateful);
  const known = stateful.map(({ spec }) => spec.name).join(', ') || 'none';
  if (services === undefined) return stateful.length > 0 ? stateful : `no stateful service of "${env}" runs here`;
  const missing = services.filter((name) => !stateful.some(({ spec }) => spec.name === name));
  if (missing.length > 0)
    return `no stateful service ${missing.map((name) => JSON.stringify(name)).join(', ')} of "${env}" runs here; known: ${known}`;
  return services.length > 0 ? stateful.filter(({ spec }) => services.includes(spec.name)) : 'no service is named';
}

async function freeName({ world, org }: Runner, env: string): Promise<string> {
  const names = new Set((await world.graph.snapshots(org, { env })).map(({ name }) => name));
  for (let n = names.size + 1; ; n += 1) if (!names.has(`s${n}`)) return `s${n}`;
}

/** Running services of other environments that call one of these directly: nobody pauses them. */
async function strangersOf(
  { world, org }: Runner,
  env: string,
  keepers: readonly Keeper[],
): Promise<readonly string[]> {
  const names = new Set(keepers.map(({ spec }) => spec.name));
  const others = (await world.graph.estate(org)).environments.filter(
    (entry) => entry.env !== env && entry.inventory.instances.length > 0,
  );
  const found = others.map(async (entry): Promise<readonly string[]> => {
    const plan = (await servingArtifacts(entry, world))?.plan;
    const taken = (plan?.placements ?? []).filter(
      ({ provider }) => provider?.env === env && names.has(provider.service),
    );
    return taken.flatMap(({ service }) =>
      Object.values(plan?.specs ?? {})
        .filter((spec) => spec.dependsOn.some((one) => one.service === service))
        .map((spec) => `${entry.env}/${spec.name} calls ${service}`),
    );
  });
  return (await Promise.all(found)).flat();
}

function refused(code: string, reason: string, next?: string): TakeSnapshotReply {
  return { kind: 'refused', code, reason, ...(next === undefined ? {} : { next }) };
}
